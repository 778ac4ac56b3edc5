// Records between core, which holds only headers, and storage, which holds bytes. A record that storage refuses stays in
// memory: it was acknowledged, so it must not be lost while the tab lives. It is written once others have made room.

import type { Key, PeerRecord, RecordHeader } from '@hyphae/core'
import { decodeRecord, encodeRecord, fromUtf8, utf8 } from '@hyphae/core/wire'
import type { PeerStorage } from './ports/storage.ts'

export class RecordKeeper {
  readonly #storage: PeerStorage
  /** Records not (yet) on disk. Bounded by what core holds. */
  readonly #unsaved = new Map<Key, PeerRecord>()
  /** Those of them that storage refused. */
  readonly #refused = new Map<Key, RecordHeader>()
  readonly #onSavedLate: (key: Key) => void
  #isRetrying = false

  /** `onSavedLate`: a record of our own that storage had refused is on disk after all. */
  constructor(storage: PeerStorage, onSavedLate: (key: Key) => void) {
    this.#storage = storage
    this.#onSavedLate = onSavedLate
  }

  async loadIndex(): Promise<RecordHeader[]> {
    const headers: RecordHeader[] = []
    for (const { key, header } of await this.#storage.loadIndex()) {
      const decoded = decodeHeader(key, header)
      if (decoded !== null) headers.push(decoded)
    }
    return headers
  }

  async load(key: Key): Promise<PeerRecord | null> {
    const unsaved = this.#unsaved.get(key)
    if (unsaved !== undefined) return unsaved
    const bytes = await this.#storage.loadRecord(key)
    return bytes === null ? null : decodeRecord(bytes)
  }

  /** Whether the record reached the disk. */
  async save(key: Key, record: PeerRecord, header: RecordHeader): Promise<boolean> {
    this.#unsaved.set(key, record)
    this.#refused.delete(key)
    try {
      await this.#storage.saveRecord({ key, header: encodeHeader(header), bytes: encodeRecord(record) })
    } catch {
      // The storage has said why in an event of its own; core hears `persisted: false`, and memory keeps the record.
      if (this.#unsaved.get(key) === record) this.#refused.set(key, header)
      return false
    }
    if (this.#unsaved.get(key) === record) this.#unsaved.delete(key)
    return true
  }

  async forget(key: Key): Promise<void> {
    this.#unsaved.delete(key)
    this.#refused.delete(key)
    await this.#storage.deleteRecord(key)
    await this.#saveRefused()
  }

  /** There may be room now: our own first, one after the other until one is refused again. */
  async #saveRefused(): Promise<void> {
    if (this.#isRetrying) return
    this.#isRetrying = true
    const refused = [...this.#refused].sort(([, a], [, b]) => Number(b.own) - Number(a.own))
    for (const [key, header] of refused) {
      if (this.#refused.get(key) !== header) continue
      if (!(await this.save(key, this.#unsaved.get(key) as PeerRecord, header))) break
      if (header.own) this.#onSavedLate(key)
    }
    this.#isRetrying = false
  }
}

function encodeHeader({ key: _, ...header }: RecordHeader): Uint8Array {
  return utf8(JSON.stringify(header))
}

function decodeHeader(key: Key, bytes: Uint8Array): RecordHeader | null {
  const text = fromUtf8(bytes)
  if (text === null) return null
  try {
    return { ...(JSON.parse(text) as Omit<RecordHeader, 'key'>), key }
  } catch {
    // Our own store, yet an older version or a crash may have written it: such a record is as good as lost.
    return null
  }
}
