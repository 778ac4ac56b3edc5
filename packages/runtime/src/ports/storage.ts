// The port of what outlives a page: one identity's keys, contacts and records. Records are bytes to a store; the runtime
// encodes them. All of one store belongs to one identity slot.

import type { Contact, Key, StoredContact } from '@hyphae/core'

/** A non-extractable CryptoKey; 32 bytes only where WebCrypto lacks the curve. */
export type StoredPrivateKey = CryptoKey | Uint8Array

/** Keys that cannot leave the store, and what follows from them. */
export interface StoredIdentity {
  readonly contact: Contact
  /** Ed25519. */
  readonly signingPrivateKey: StoredPrivateKey
  /** X25519. */
  readonly exchangePrivateKey: StoredPrivateKey
}

/** An entry of the index: small enough to keep for every record in memory. */
export interface StoredRecord {
  readonly key: Key
  /** The record's header, encoded by the runtime; at most 512 bytes. */
  readonly header: Uint8Array
  /** The whole record; at most 16 KiB. */
  readonly bytes: Uint8Array
}

export type StorageEvent =
  /** Writes fail: the quota is used up. Reads go on. */
  | { readonly type: 'full' }
  /** The data was deleted beneath us (site data cleared). The runtime writes the identity again; records come back by replication. */
  | { readonly type: 'wiped' }
  | { readonly type: 'failed'; readonly detail: string }

/**
 * One identity's store. Writes are collected and flushed together (write-behind, 50 to 100 ms); a read sees earlier
 * writes at once. It keeps copies: arrays stay the caller's. What is too long throws or rejects with RangeError; all
 * else rejects with a HyphaeError whose code is 'STORAGE_FULL', 'STORAGE_FAILED', or 'CLOSED' after `close`.
 */
export interface PeerStorage {
  /** Set once, right after opening. */
  onEvent(listener: (event: StorageEvent) => void): void
  loadIdentity(): Promise<StoredIdentity | null>
  /** Resolves once on disk. */
  saveIdentity(identity: StoredIdentity): Promise<void>
  /** Adds one and returns the number, on disk: grows with every start, after a wipe too. */
  nextBootId(): Promise<number>
  loadContacts(): Promise<readonly StoredContact[]>
  saveContacts(contacts: readonly StoredContact[]): Promise<void>
  /** Every record's key and header; a record whose checksum is wrong is dropped. */
  loadIndex(): Promise<readonly { readonly key: Key; readonly header: Uint8Array }[]>
  loadRecord(key: Key): Promise<Uint8Array | null>
  /** Resolves once on disk. Only records count against the quota: the identity and contacts always get in. */
  saveRecord(record: StoredRecord): Promise<void>
  deleteRecord(key: Key): Promise<void>
  /** Bytes of records this store holds, about, and how many it may. */
  usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number }>
  /** Resolves once everything handed over is on disk (or has failed). */
  flush(): Promise<void>
  /** Flushes, frees the identity slot. Idempotent. */
  close(): Promise<void>
}
