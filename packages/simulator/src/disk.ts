// What one peer's storage holds. Writes reach it a moment later, as in a browser's write-behind; a crash in between loses
// them, a restart finds the rest.

import type { Key, PeerRecord, RecordHeader, StoredContact } from '@hyphae/core'

interface StoredRecord {
  readonly record: PeerRecord
  readonly header: RecordHeader
}

export class Disk {
  #bootId = 0
  #contacts: readonly StoredContact[] = []
  readonly #recordByKey = new Map<Key, StoredRecord>()
  /** Handed over and readable, not yet written. Bounded by what core holds. */
  readonly #unwrittenByKey = new Map<Key, StoredRecord>()

  /** Grows with every start. */
  nextBootId(): number {
    this.#bootId += 1
    return this.#bootId
  }

  get contacts(): readonly StoredContact[] {
    return this.#contacts
  }

  saveContacts(contacts: readonly StoredContact[]): void {
    this.#contacts = contacts
  }

  recordIndex(): RecordHeader[] {
    return [...this.#recordByKey.values()].map(({ header }) => header)
  }

  /** Whether a read would find the record. */
  holds(key: Key): boolean {
    return this.#unwrittenByKey.has(key) || this.#recordByKey.has(key)
  }

  load(key: Key): PeerRecord | null {
    return (this.#unwrittenByKey.get(key) ?? this.#recordByKey.get(key))?.record ?? null
  }

  /** Readable from now on. Returns what writes it, to be called later. */
  store(key: Key, record: PeerRecord, header: RecordHeader): () => void {
    const stored = { record, header }
    this.#unwrittenByKey.set(key, stored)
    return () => {
      if (this.#unwrittenByKey.get(key) !== stored) return
      this.#unwrittenByKey.delete(key)
      this.#recordByKey.set(key, stored)
    }
  }

  forget(key: Key): void {
    this.#unwrittenByKey.delete(key)
    this.#recordByKey.delete(key)
  }

  /** Writes everything now. */
  flush(): void {
    for (const [key, stored] of this.#unwrittenByKey) this.#recordByKey.set(key, stored)
    this.#unwrittenByKey.clear()
  }

  /** The power went: what was not written is lost. */
  crash(): void {
    this.#unwrittenByKey.clear()
  }
}
