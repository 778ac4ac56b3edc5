// Sample messages made from the table: the same ones every time, for golden bytes and for fuzzing.

import type { Field } from '../../src/wire/fields.ts'
import { MESSAGES, type Message, type MessageName } from '../../src/wire/messages.ts'

export const MESSAGE_NAMES = Object.keys(MESSAGES) as MessageName[]

/** A fixed sequence of 32-bit numbers (Marsaglia's xorshift32), for any seed but 0. */
export function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
}

export function sampleMessage(name: MessageName, next: () => number): Message {
  const fields = Object.entries(MESSAGES[name].fields) as [string, Field<unknown>][]
  return {
    type: name,
    ...Object.fromEntries(fields.map(([field, { sample }]) => [field, sample(next)])),
  } as Message
}
