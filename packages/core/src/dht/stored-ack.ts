// STORED: a holder says what it has under a key. Where proof is wanted it signs, over the operation of whoever began the
// STORE, so that a peer on the way can drop an acknowledgement but not invent, repeat or exchange one (RC-12).

import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { utf8 } from '../wire/bytes.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import { Writer } from '../wire/writer.ts'
import { compareVersions, type RecordVersion } from './record.ts'
import type { Follow, StoreContext, Turn } from './store-context.ts'

export type Stored = MessageOf<'STORED'>

export const STORED_RESULTS = { kept: 0, newer: 1, refused: 2 } as const
/** The origin of a copy for which nobody wants proof. */
export const NO_ORIGIN = '0'.repeat(32) as OperationId

const DOMAIN = utf8('hyphae stored 1')
/** Hexadecimal digits of a version's tie in STORED: enough to tell versions of one rank apart. */
const TIE_DIGITS = 16
const NO_SIGNATURE = new Uint8Array(64)

export interface StoredClaim {
  readonly key: Key
  readonly version: RecordVersion
  readonly result: number
  readonly wanted: number
}

/** What a holder signs: domain, operation, holder, key, rank, tie, result, wanted. */
export function storedSignedBytes(
  operation: OperationId,
  holder: PeerId,
  stored: Omit<Stored, 'holder'>,
): Uint8Array {
  const writer = new Writer()
  writer.raw(DOMAIN)
  writer.hex(operation)
  writer.hex(holder)
  writer.hex(stored.key)
  writer.u53(stored.rank)
  writer.hex(stored.tie)
  writer.u8(stored.result)
  writer.u8(stored.wanted)
  return writer.finish()
}

/** STORED without proof: for repair and hand-over, where a lie would cost one copy and silence costs the same. */
export function unsignedStored(holder: Contact, claim: StoredClaim): Stored {
  const { key, version, result, wanted } = claim
  return {
    type: 'STORED',
    holder,
    key,
    rank: version.rank,
    tie: shortTie(version),
    result,
    wanted,
    signature: NO_SIGNATURE,
  }
}

/** STORED signed for an operation. `cause` pays for the signature. */
export function signStored(
  context: StoreContext,
  job: { operation: OperationId; cause: PeerId; claim: StoredClaim; follow: Follow<Stored> },
  turn: Turn,
): void {
  const { self, jobs } = context
  const stored = unsignedStored(self, job.claim)
  if (job.operation === NO_ORIGIN) return job.follow(stored, turn)
  const bytes = storedSignedBytes(job.operation, self.id, stored)
  jobs.sign(
    { cause: job.cause, bytes, follow: (signature, later) => job.follow({ ...stored, signature }, later) },
    turn,
  )
}

/** Negative where STORED names an older version than ours, 0 where it is the same as far as its tie goes. */
export function compareStored(stored: Stored, ours: RecordVersion): number {
  return compareVersions(stored, { rank: ours.rank, tie: shortTie(ours) })
}

function shortTie(version: RecordVersion): string {
  return version.tie.slice(0, TIE_DIGITS).padEnd(TIE_DIGITS, '0')
}
