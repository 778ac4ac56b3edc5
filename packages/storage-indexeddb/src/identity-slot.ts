// Which of the identities of this browser profile a peer takes. Every slot is a Web Lock, so two tabs never share one,
// whatever else goes wrong. sessionStorage, which belongs to one tab, remembers the slot over a reload.
//
// A lock decides; memory and navigation type only say which one to try first, and whether to wait for it:
// - reload, or a link followed: the old document's lock is still being released, so the new one waits for it. A document
//   that goes leaves word of that, for Chromium takes as long as there are connections to close: 200 ms with 40;
// - duplicated tab, or a window opened by a script: sessionStorage was copied and the lock is held by a living tab, so
//   the lowest free slot is taken at once;
// - tab restored with its session, back and forward: the remembered slot if nobody has it, else the lowest free one.

import { HyphaeError } from '@hyphae/runtime'
import { storageFailure } from './failure.ts'
import { PREFIX_DEFAULT, slotName } from './layout.ts'
import { type SlotMemory, type SlotMemoryStorage, slotMemory } from './slot-memory.ts'

/** Slots of one profile and network: more tabs than that do not fit into one machine. */
export const SLOTS_MAX = 256
/** Milliseconds a reloaded document waits for its old slot. Measured: its lock goes within 110. */
const RELOAD_WAIT_MS = 2_000

/** What is used of `navigator.locks`. */
export interface SlotLocks {
  request(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly signal?: AbortSignal },
    callback: (lock: unknown) => Promise<void> | undefined,
  ): Promise<unknown>
}

export interface ClaimSlotOptions {
  readonly network: string
  /** Names this library's databases and locks. Default 'hyphae'. */
  readonly prefix?: string
  /** Default `navigator.locks`. */
  readonly locks?: SlotLocks
  /** Default `sessionStorage`; `null` where there is none, and then a reload may change the slot. */
  readonly sessionStorage?: SlotMemoryStorage | null
  /** How this document was reached: the type of its PerformanceNavigationTiming. */
  readonly navigationType?: string
  /** Differs between documents, and between the two of a reload. Default `performance.timeOrigin`. */
  readonly documentId?: string
  /** Milliseconds a reloaded document waits for its old slot. */
  readonly reloadWaitMs?: number
}

export interface IdentitySlot {
  /** 0 to 255. */
  readonly number: number
  /** Idempotent. Resolves once another tab can have it. */
  release(): Promise<void>
}

/**
 * Rejects with UNSUPPORTED where Web Locks are missing, with STORAGE_FAILED where the browser denies them as it does storage (a
 * sandboxed frame), with IDENTITY_IN_USE where all slots are taken.
 */
export async function claimIdentitySlot(options: ClaimSlotOptions): Promise<IdentitySlot> {
  const claim = new Claim(options)
  const number = (await claim.claimRemembered()) ?? (await claim.claimLowest())
  const onHide = () => claim.leave(number)
  globalThis.window?.addEventListener('pagehide', onHide)
  let released: Promise<void> | null = null
  return {
    number,
    release: () => {
      globalThis.window?.removeEventListener('pagehide', onHide)
      // Once: the slot may be another peer's of this page by now, and what the tab remembers of it that peer's memory.
      released ??= claim.release(number)
      return released
    },
  }
}

class Claim {
  readonly #locks: SlotLocks
  readonly #memory: SlotMemory
  readonly #nameOf: (slot: number) => string
  readonly #isReload: boolean
  /** Until it aborts we wait for locks that earlier documents of this tab still hold. */
  readonly #patience: AbortSignal
  #letGo: (() => void) | null = null
  /** Settles once the lock is released. */
  #released: Promise<unknown> = Promise.resolve()

  constructor(options: ClaimSlotOptions) {
    const resolved = resolveOptions(options)
    const { network, prefix, documentId } = resolved
    this.#locks = resolved.locks
    this.#nameOf = (slot) => slotName(prefix, network, slot)
    const storage = resolved.sessionStorage
    this.#memory = slotMemory({ name: `${prefix}/slots/${network}`, storage, documentId })
    this.#isReload = resolved.navigationType === 'reload'
    this.#patience = AbortSignal.timeout(resolved.reloadWaitMs)
  }

  /** In the order in which this tab took them, as a page with two peers does again. */
  async claimRemembered(): Promise<number | null> {
    for (let entry = this.#memory.take(); entry !== null; entry = this.#memory.take()) {
      const { slot, document } = entry
      if (slot < SLOTS_MAX && (await this.#lock(slot, this.#isReload || document === ''))) return slot
      this.#memory.forget(slot)
    }
    return null
  }

  async claimLowest(): Promise<number> {
    for (let slot = 0; slot < SLOTS_MAX; slot++) {
      if (!(await this.#lock(slot, false))) continue
      this.#memory.remember(slot)
      return slot
    }
    throw new HyphaeError('IDENTITY_IN_USE', `all ${SLOTS_MAX} identity slots of this profile are taken`)
  }

  /** The document goes. Its lock is released in the browser's time. */
  leave(slot: number): void {
    this.#memory.leave(slot, '')
  }

  async release(slot: number): Promise<void> {
    this.#memory.leave(slot, null)
    this.#letGo?.()
    await this.#released
  }

  /** Whether we have the lock now; it is held until `release`. */
  #lock(slot: number, waits: boolean): Promise<boolean> {
    const signal = this.#patience
    const options = waits && !signal.aborted ? { signal } : { ifAvailable: true }
    return new Promise((resolve, reject) => {
      this.#released = this.#locks
        .request(this.#nameOf(slot), options, (lock) => {
          resolve(lock !== null)
          return lock === null ? undefined : this.#held()
        })
        .catch((error: unknown) => {
          if (isTimeout(error)) resolve(false)
          else reject(storageFailure(error))
        })
    })
  }

  #held(): Promise<void> {
    return new Promise((resolve) => {
      this.#letGo = resolve
    })
  }
}

/** The platform is asked here, not on import: a server may import this file. */
function resolveOptions(options: ClaimSlotOptions): Required<ClaimSlotOptions> {
  return {
    network: options.network,
    prefix: options.prefix ?? PREFIX_DEFAULT,
    locks: options.locks ?? platformLocks(),
    sessionStorage: options.sessionStorage === undefined ? platformSession() : options.sessionStorage,
    navigationType: options.navigationType ?? platformNavigationType(),
    documentId: options.documentId ?? String(performance.timeOrigin),
    reloadWaitMs: options.reloadWaitMs ?? RELOAD_WAIT_MS,
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'TimeoutError' || error.name === 'AbortError')
}

function platformLocks(): SlotLocks {
  const locks = globalThis.navigator?.locks
  if (locks) return locks as SlotLocks
  throw new HyphaeError('UNSUPPORTED', 'Web Locks are missing: they exist on https pages and localhost only')
}

/** `null` outside browsers and where the user forbids storage: reading the property throws there. */
function platformSession(): SlotMemoryStorage | null {
  try {
    return globalThis.sessionStorage ?? null
  } catch {
    return null
  }
}

function platformNavigationType(): string {
  const [entry] = performance.getEntriesByType('navigation')
  return entry && 'type' in entry ? String(entry.type) : 'navigate'
}
