// A new identity: two key pairs, and a salt that gives the id the work its network asks for (PROTOCOL.md, ID-1 and ID-2).

import { makeContact, type Random, SALT_BYTES, workTester } from '@hyphae/core'
import {
  type CurveKeys,
  type ExchangeCurve,
  fallbackExchange,
  fallbackSigning,
  type SigningCurve,
} from './crypto/curves.ts'
import { nativeExchange, nativeSigning } from './crypto/native-curves.ts'
import { throwIfAborted } from './error.ts'
import type { StoredIdentity } from './ports/storage.ts'
import { requireSubtle } from './web-crypto.ts'

/** Milliseconds of searching before the page gets its turn: below one frame of 60 per second. */
const SLICE_MS = 10
/** Tries between two looks at the clock: about 0.1 ms. */
const TRIES_PER_LOOK = 32

export interface WorkProgress {
  /** Tries so far. */
  readonly done: number
  /** How many it takes in the mean. One search in 50 takes four times as many. */
  readonly expected: number
}

export interface GenerateIdentityOptions {
  /** Zero bits that the id's hash begins with. */
  readonly workBits: number
  readonly random: Random
  /** About 100 times per second. */
  readonly onProgress?: (progress: WorkProgress) => void
  readonly signal?: AbortSignal
  /** WebCrypto; the platform's unless a test replaces it. */
  readonly subtle?: SubtleCrypto
}

/** Rejects with HyphaeError ABORTED or UNSUPPORTED. */
export async function generateIdentity(options: GenerateIdentityOptions): Promise<StoredIdentity> {
  const subtle = options.subtle ?? requireSubtle()
  const signing = await generateKeys([nativeSigning(subtle), fallbackSigning], options.random)
  const exchange = await generateKeys([nativeExchange(subtle), fallbackExchange], options.random)
  const salt = await findSalt(signing.publicKey, exchange.publicKey, options)
  return {
    contact: makeContact(signing.publicKey, exchange.publicKey, salt),
    signingPrivateKey: signing.privateKey,
    exchangePrivateKey: exchange.privateKey,
  }
}

async function generateKeys(
  [native, fallback]: readonly [SigningCurve, SigningCurve] | readonly [ExchangeCurve, ExchangeCurve],
  random: Random,
): Promise<CurveKeys> {
  try {
    return await native.generate(random)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') return fallback.generate(random)
    throw error
  }
}

async function findSalt(
  signingKey: Uint8Array,
  exchangeKey: Uint8Array,
  { workBits, random, onProgress, signal }: GenerateIdentityOptions,
): Promise<Uint8Array> {
  const turn = new Turn()
  const hasWork = workTester(signingKey, exchangeKey, workBits)
  const salt = random.bytes(SALT_BYTES)
  try {
    throwIfAborted(signal)
    for (let tries = 1; ; tries++) {
      if (hasWork(salt)) return salt
      increment(salt)
      if (tries % TRIES_PER_LOOK !== 0 || !turn.isOver()) continue
      onProgress?.({ done: tries, expected: 2 ** workBits })
      await turn.next()
      throwIfAborted(signal)
    }
  } finally {
    turn.close()
  }
}

/** The next salt: a little-endian counter. */
function increment(salt: Uint8Array): void {
  for (let i = 0; i < salt.length; i++) {
    salt[i] = ((salt[i] as number) + 1) & 0xff
    if (salt[i] !== 0) return
  }
}

/** Slices of work between which the page answers. A message comes back at once; timers wait 4 ms, hidden ones a second. */
class Turn {
  readonly #channel = new MessageChannel()
  #endsAt = performance.now() + SLICE_MS

  isOver(): boolean {
    return performance.now() >= this.#endsAt
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#channel.port1.onmessage = () => resolve()
      this.#channel.port2.postMessage(null)
    })
    this.#endsAt = performance.now() + SLICE_MS
  }

  close(): void {
    this.#channel.port1.close()
  }
}
