// One database that is ours, or was a moment ago: browsers close and delete databases beneath an open page. Whatever
// happens, the next use opens it again, and whoever uses it learns when it came back empty.
//
// Opening is idb-keyval's. Its transactions are not: `createStore` cannot ask for relaxed durability, and keeps using a
// connection that somebody closed. Both can be had from the connection that its first transaction shows.

import { HyphaeError, messageOf } from '@hyphae/runtime'
import { createStore, promisifyRequest, type UseStore } from 'idb-keyval'
import { OBJECT_STORE, SCHEMA_ENTRY, SCHEMA_VERSION } from './layout.ts'

/** Complete once the system has it: a crash of the machine may lose the last seconds, a crash of the tab loses nothing. */
const RELAXED: IDBTransactionOptions = { durability: 'relaxed' }

/** Milliseconds between tries to open: Chromium aborts what is opened while it clears a site's data, for some 100 ms. */
const REOPEN_PAUSES_MS = [50, 200, 1_000]

export interface DatabaseOptions {
  readonly name: string
  /** Entries that a database begins with, the first time and after a wipe. */
  readonly initialEntries: () => readonly (readonly [entry: string, value: unknown])[]
  /** Everything was deleted beneath us; the initial entries are there again. */
  readonly onWiped: () => void
  /** It could not be opened again after it was closed beneath us. */
  readonly onFailed: (detail: string) => void
}

export class Database {
  readonly #options: DatabaseOptions
  #connection: Promise<IDBDatabase> | null = null
  /** Whether the database has had its initial entries since we opened it. */
  #isInitialized = false
  #isClosed = false

  constructor(options: DatabaseOptions) {
    this.#options = options
  }

  /** What idb-keyval's functions take. Rejects with STORAGE_FAILED where another version of this library wrote. */
  readonly use: UseStore = async (mode, callback) => {
    const store = await this.#begin(mode)
    const version: unknown = await promisifyRequest(store.get(SCHEMA_ENTRY))
    if (version === undefined) {
      await this.#initialize()
      return this.use(mode, callback)
    }
    checkVersion(version)
    this.#isInitialized = true
    return callback(store)
  }

  /**
   * As `use` for writing, but in this turn: nothing is looked at first. Of a page that goes away browsers keep what was committed by
   * then, and undo what waits for an answer. Nobody else writes another schema meanwhile: its slot is ours.
   */
  async writeAtOnce<T>(callback: (store: IDBObjectStore) => T | PromiseLike<T>): Promise<T> {
    return this.#isInitialized ? callback(await this.#begin('readwrite')) : this.use('readwrite', callback)
  }

  /** Waits for transactions under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    const connection = this.#connection
    this.#connection = null
    // Whoever used a database that could not be opened has been told.
    const database = await connection?.catch(() => null)
    database?.close()
  }

  async #begin(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    const connection = this.#connect()
    try {
      return objectStore(await connection, mode)
    } catch (error) {
      if (!isNamed(error, 'InvalidStateError')) throw error
      // Closed by force, and the event that says so is still on its way. Another may have opened it again already.
      if (this.#connection === connection) this.#connection = null
      return objectStore(await this.#connect(), mode)
    }
  }

  #connect(): Promise<IDBDatabase> {
    if (this.#isClosed) throw new HyphaeError('CLOSED', 'the store is closed')
    if (this.#connection !== null) return this.#connection
    const connection = openDatabase(this.#options.name)
    this.#connection = connection
    const forget = () => {
      if (this.#connection === connection) this.#connection = null
    }
    connection.then((database) => this.#watch(database, forget), forget)
    return connection
  }

  /** `versionchange` asks us to make way for a deletion, and waits; `close` tells that we were closed by force. */
  #watch(database: IDBDatabase, forget: () => void): void {
    const onLost = () => {
      forget()
      database.close()
      this.#lookAgain()
    }
    database.addEventListener('versionchange', onLost)
    database.addEventListener('close', onLost)
  }

  /** Finds out at once whether everything is still there, though nobody reads or writes just now. */
  #lookAgain(): void {
    if (this.#isClosed) return
    this.use('readonly', () => undefined).catch((error: unknown) => {
      if (!this.#isClosed) this.#options.onFailed(messageOf(error))
    })
  }

  /** Several may find the entries missing at the same time: only the first to write them tells of it. */
  async #initialize(): Promise<void> {
    const store = await this.#begin('readwrite')
    if ((await promisifyRequest(store.get(SCHEMA_ENTRY))) !== undefined) return
    store.put(SCHEMA_VERSION, SCHEMA_ENTRY)
    for (const [entry, value] of this.#options.initialEntries()) store.put(value, entry)
    await committed(store.transaction)
    const wasWiped = this.#isInitialized
    this.#isInitialized = true
    if (wasWiped) this.#options.onWiped()
  }
}

/**
 * Resolves once the transaction is complete. idb-keyval's promisifyRequest rejects with `null` where a request of the
 * transaction fails: that error reaches it before the transaction has one.
 */
export function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'))
  })
}

async function openDatabase(name: string): Promise<IDBDatabase> {
  for (const pauseMs of REOPEN_PAUSES_MS) {
    try {
      return await openOnce(name)
    } catch (error) {
      if (!isNamed(error, 'AbortError')) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return openOnce(name)
}

function openOnce(name: string): Promise<IDBDatabase> {
  return createStore(name, OBJECT_STORE)('readonly', (store) => store.transaction.db)
}

function objectStore(database: IDBDatabase, mode: IDBTransactionMode): IDBObjectStore {
  return database.transaction(OBJECT_STORE, mode, RELAXED).objectStore(OBJECT_STORE)
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name
}

function checkVersion(version: unknown): void {
  if (version === SCHEMA_VERSION) return
  throw new HyphaeError(
    'STORAGE_FAILED',
    `the store has schema ${version}, this version of the library has ${SCHEMA_VERSION}; nothing was changed`,
  )
}
