// Records, identities and handling that the cases of the storage suite share.

import type { Contact, Key } from '@hyphae/core'
import {
  createWebCryptoPeer,
  generateIdentity,
  type PeerStorage,
  type StorageEvent,
  type StoredIdentity,
  type StoredRecord,
  secureRandom,
} from '@hyphae/runtime'
import type { StoragePlace } from './storage-suite.ts'

/** Bytes of records after which a place made with a small quota is full. */
export const SMALL_QUOTA_BYTES = 64 * 1024

/** Opens, uses and closes. */
export async function reopened(
  place: StoragePlace,
  use: (store: PeerStorage) => Promise<unknown>,
): Promise<void> {
  const store = await place.open()
  await use(store)
  await store.close()
}

/** Saves records of 8,000 bytes until one is refused; returns the number of the last that fitted. */
export async function fill(store: PeerStorage): Promise<number> {
  for (let number = 0; number <= SMALL_QUOTA_BYTES / 8_000; number++) {
    const isSaved = await store.saveRecord(largeRecordOf(number)).then(
      () => true,
      () => false,
    )
    if (!isSaved) return number - 1
  }
  throw new Error('the quota must be used up by now')
}

export function eventsOf(store: PeerStorage): StorageEvent[] {
  const events: StorageEvent[] = []
  store.onEvent((event) => events.push(event))
  return events
}

export function keyOfNumber(number: number): Key {
  return number.toString(16).padStart(64, '0') as Key
}

export function recordOf(number: number): StoredRecord {
  const bytes = new Uint8Array(300 + (number % 50)).fill(number & 0xff)
  return { key: keyOfNumber(number), header: Uint8Array.of(number >> 8, number & 0xff), bytes }
}

export function largeRecordOf(number: number): StoredRecord {
  return { ...recordOf(number), bytes: new Uint8Array(8_000).fill(number) }
}

export function indexEntry(number: number) {
  const { key, header } = recordOf(number)
  return { key, header }
}

export function isGrowing(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > (numbers[i - 1] as number))
}

/** Real keys, no work. */
export function generateTestIdentity(): Promise<StoredIdentity> {
  return generateIdentity({ workBits: 0, random: secureRandom() })
}

/** Whether the identity's private keys belong to the contact's public keys. */
export async function signsAs(identity: StoredIdentity, contact: Contact): Promise<boolean> {
  const [peer, other] = [createWebCryptoPeer(identity), createWebCryptoPeer(await generateTestIdentity())]
  const message = Uint8Array.of(1, 2, 3)
  const isSigned = await other.verify(contact.signingKey, message, await peer.sign(message))
  const box = await other.seal(message, contact)
  const opened = await peer.open(box, other.contact)
  return isSigned && opened?.length === message.length
}
