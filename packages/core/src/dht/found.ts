// FOUND: a peer names contacts. It signs over the question it answers, so that a peer on the way can drop an answer, but
// not invent, repeat or exchange one (PROTOCOL.md, LU-2).

import { type Contact, contactBytes } from '../identity/contact.ts'
import type { Key } from '../identity/peer-id.ts'
import { utf8 } from '../wire/bytes.ts'
import type { OperationId } from '../wire/messages.ts'
import { Writer } from '../wire/writer.ts'

const DOMAIN = utf8('hyphae found 1')

/** What FIND asks for: contacts the responder knows, those of them it is linked to, or its links wherever they are. */
export const FIND_WHAT = { known: 0, linked: 1, links: 2 } as const

/** A question as its asker made it: whoever changes it on the way gets a signature that does not fit. */
export interface FoundQuestion {
  readonly operation: OperationId
  readonly target: Key
  readonly what: number
}

export interface FoundClaim {
  readonly responder: Contact
  readonly contacts: readonly Contact[]
  readonly degree: number
  readonly holds: boolean
}

/** What a responder signs: domain, operation, target, what, responder, degree, holds, contacts. */
export function foundSignedBytes(question: FoundQuestion, found: FoundClaim): Uint8Array {
  const writer = new Writer()
  writer.raw(DOMAIN)
  writer.hex(question.operation)
  writer.hex(question.target)
  writer.u8(question.what)
  writer.raw(contactBytes(found.responder))
  writer.u8(found.degree)
  writer.u8(found.holds ? 1 : 0)
  for (const contact of found.contacts) writer.raw(contactBytes(contact))
  return writer.finish()
}
