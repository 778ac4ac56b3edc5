// Identities with working keys, and members of rooms that only listen.

import { type Contact, makeContact, type ServerMessage } from '@hyphae/core/signaling'
import type { Member } from '../src/room.ts'

export const NETWORK = 'a'.repeat(32)
export const OTHER_NETWORK = 'b'.repeat(32)

export interface Person {
  readonly contact: Contact
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** An identity without work whose Ed25519 key can sign. */
export async function newPerson(): Promise<Person> {
  const { subtle } = globalThis.crypto
  const keys = (await subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
  const signingKey = new Uint8Array(await subtle.exportKey('raw', keys.publicKey))
  return {
    contact: makeContact(signingKey, new Uint8Array(32), new Uint8Array(8)),
    sign: async (bytes) =>
      new Uint8Array(await subtle.sign('Ed25519', keys.privateKey, new Uint8Array(bytes))),
  }
}

/** A contact that nobody can sign for. */
export function contactOf(number: number): Contact {
  const signingKey = new Uint8Array(32).fill(number & 0xff)
  signingKey[0] = number >> 8
  return makeContact(signingKey, new Uint8Array(32), new Uint8Array(8))
}

export interface Listener extends Member {
  readonly heard: ServerMessage[]
  readonly superseded: { count: number }
}

export function newListener(number: number): Listener {
  const heard: ServerMessage[] = []
  const superseded = { count: 0 }
  return {
    contact: contactOf(number),
    heard,
    superseded,
    send: (message) => heard.push(message) > 0,
    supersede: () => {
      superseded.count++
    },
  }
}
