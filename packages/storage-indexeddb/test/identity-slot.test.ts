import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type ClaimSlotOptions,
  claimIdentitySlot,
  type IdentitySlot,
  SLOTS_MAX,
  type SlotLocks,
  type SlotMemoryStorage,
} from '../src/index.ts'

const NETWORK = 'network'
/** Milliseconds. Whoever waits that long for a lock fails its test. */
const NEVER_MS = 600_000

/** Exclusive locks as in the Web Locks API: granted in order, later than the request, aborted by a signal. */
class HeldLocks implements SlotLocks {
  readonly #queueByName = new Map<string, (() => void)[]>()

  async request(...[name, options, callback]: Parameters<SlotLocks['request']>): Promise<unknown> {
    await Promise.resolve()
    const queue = this.#queueByName.get(name)
    if (queue && options.ifAvailable) return callback(null)
    if (queue) await this.#turn(queue, options.signal)
    else this.#queueByName.set(name, [])
    await callback({ name })
    const next = this.#queueByName.get(name)?.shift()
    if (next) next()
    else this.#queueByName.delete(name)
    return undefined
  }

  get waiting(): number {
    return [...this.#queueByName.values()].reduce((sum, queue) => sum + queue.length, 0)
  }

  #turn(queue: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      queue.push(resolve)
      signal?.addEventListener('abort', () => {
        queue.splice(queue.indexOf(resolve), 1)
        reject(signal.reason)
      })
    })
  }
}

class Session implements SlotMemoryStorage {
  readonly #items: Map<string, string>
  constructor(items: Iterable<readonly [string, string]> = []) {
    this.#items = new Map(items)
  }
  getItem = (name: string) => this.#items.get(name) ?? null
  setItem = (name: string, text: string) => void this.#items.set(name, text)
  /** As a duplicated tab gets it. */
  copy = () => new Session(this.#items)
}

afterEach(() => void vi.unstubAllGlobals())

let documents = 0

/** A document of one tab, and what it claimed. */
class Page {
  readonly slots: IdentitySlot[] = []
  readonly #options: ClaimSlotOptions

  constructor(
    locks: SlotLocks,
    sessionStorage: SlotMemoryStorage | null,
    options: Partial<ClaimSlotOptions> = {},
  ) {
    const documentId = `document ${++documents}`
    this.#options = {
      network: NETWORK,
      navigationType: 'navigate',
      locks,
      sessionStorage,
      documentId,
      ...options,
    }
  }

  async claim(): Promise<number> {
    const slot = await claimIdentitySlot(this.#options)
    this.slots.push(slot)
    return slot.number
  }

  /** As the browser does when the document goes away; sessionStorage stays. */
  async unload(session: Session): Promise<Session> {
    const left = session.copy()
    for (const slot of this.slots) await slot.release()
    return left
  }
}

describe('fresh tabs', () => {
  test('take the lowest free slots', async () => {
    const locks = new HeldLocks()
    const pages = Array.from({ length: 4 }, () => new Page(locks, new Session()))
    for (const [number, page] of pages.entries()) expect(await page.claim()).toBe(number)
    await pages[1]!.slots[0]!.release()
    expect(await new Page(locks, new Session()).claim()).toBe(1)
  })

  test('that open at the same time take different slots', async () => {
    const locks = new HeldLocks()
    const claims = Array.from({ length: 8 }, () => new Page(locks, new Session()).claim())
    expect((await Promise.all(claims)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('of another network do not count', async () => {
    const locks = new HeldLocks()
    await new Page(locks, new Session()).claim()
    expect(await new Page(locks, new Session(), { network: 'other' }).claim()).toBe(0)
  })
})

describe('one page with two peers', () => {
  test('a slot that is released twice is taken from nobody who claimed it meanwhile', async () => {
    const [locks, session] = [new HeldLocks(), new Session()]
    const page = new Page(locks, session)
    await page.claim()
    const [first] = page.slots
    await first?.release()
    expect(await page.claim()).toBe(0)
    await first?.release()
    expect(await page.claim()).toBe(1)
    await page.unload(session)
    const next = new Page(locks, session)
    expect([await next.claim(), await next.claim()]).toEqual([0, 1])
  })

  test('takes two slots, and the same two after a reload, in their order', async () => {
    const locks = new HeldLocks()
    const [other, session] = [new Page(locks, new Session()), new Session()]
    await other.claim()
    const page = new Page(locks, session)
    expect(await Promise.all([page.claim(), page.claim()])).toEqual([1, 2])
    await other.slots[0]!.release()
    const options = { navigationType: 'reload', reloadWaitMs: NEVER_MS }
    const after = new Page(locks, await page.unload(session), options)
    expect(await Promise.all([after.claim(), after.claim()])).toEqual([1, 2])
  })

  test('gives a peer that is closed and made again its old slot', async () => {
    const locks = new HeldLocks()
    const [other, page] = [new Page(locks, new Session()), new Page(locks, new Session())]
    await other.claim()
    expect(await page.claim()).toBe(1)
    await other.slots[0]!.release()
    await page.slots[0]!.release()
    expect(await page.claim()).toBe(1)
  })
})

describe('a reloaded tab', () => {
  test('waits for its slot while the old document still holds it', async () => {
    const locks = new HeldLocks()
    const session = new Session()
    const old = new Page(locks, session)
    await old.claim()
    const claim = new Page(locks, session, { navigationType: 'reload' }).claim()
    await until(() => locks.waiting === 1)
    await old.unload(session)
    expect(await claim).toBe(0)
  })

  test('takes another slot when its own stays taken', async () => {
    const locks = new HeldLocks()
    const session = new Session()
    await new Page(locks, session).claim()
    const reloaded = new Page(locks, session, { navigationType: 'reload', reloadWaitMs: 1 })
    expect(await reloaded.claim()).toBe(1)
    // The slot it lost is forgotten: the next reload waits for nobody else's.
    const left = await reloaded.unload(session)
    const again = new Page(locks, left, { navigationType: 'reload', reloadWaitMs: NEVER_MS })
    expect(await again.claim()).toBe(1)
  })

  test('gets its own slot back though a lower one is free', async () => {
    const locks = new HeldLocks()
    const [first, session] = [new Page(locks, new Session()), new Session()]
    await first.claim()
    const page = new Page(locks, session)
    await page.claim()
    await first.slots[0]!.release()
    expect(await new Page(locks, await page.unload(session), { navigationType: 'reload' }).claim()).toBe(1)
  })
})

describe('a tab that follows a link', () => {
  /** A document of the tab that holds its slot, and goes: its lock is free only later, where it had many connections. */
  async function leaving(page: EventTarget) {
    vi.stubGlobal('window', page)
    const [locks, session] = [new HeldLocks(), new Session()]
    const old = new Page(locks, session)
    await old.claim()
    page.dispatchEvent(new Event('pagehide'))
    return { locks, session, old }
  }

  test.each(['navigate', 'back_forward'])('by %s waits for its slot as a reloaded one does', async (type) => {
    const { locks, session, old } = await leaving(new EventTarget())
    const claim = new Page(locks, session, { navigationType: type }).claim()
    await until(() => locks.waiting === 1)
    await old.unload(session)
    expect(await claim).toBe(0)
  })

  test('and is duplicated there waits for nobody', async () => {
    const { locks, session, old } = await leaving(new EventTarget())
    await old.unload(session)
    await new Page(locks, session).claim()
    expect(await new Page(locks, session.copy(), { reloadWaitMs: NEVER_MS }).claim()).toBe(1)
  })

  test('says nothing of a slot that was released before', async () => {
    const page = new EventTarget()
    const { locks, session, old } = await leaving(page)
    await old.slots[0]?.release()
    await new Page(locks, new Session()).claim()
    page.dispatchEvent(new Event('pagehide'))
    expect(await new Page(locks, session, { reloadWaitMs: NEVER_MS }).claim()).toBe(1)
  })
})

describe('a tab with the memory of another', () => {
  test.each(['navigate', 'back_forward', 'prerender'])(
    'reached by %s takes the lowest free slot at once while the other lives',
    async (navigationType) => {
      const locks = new HeldLocks()
      const session = new Session()
      const original = new Page(locks, session)
      await original.claim()
      const copy = new Page(locks, session.copy(), { navigationType, reloadWaitMs: NEVER_MS })
      expect(await copy.claim()).toBe(1)
    },
  )

  test('duplicated after a reload never gets the slot of the living tab', async () => {
    const locks = new HeldLocks()
    const session = new Session()
    await new Page(locks, session).claim()
    const options = { navigationType: 'reload', reloadWaitMs: 1 }
    const copies = [1, 2, 3].map(() => new Page(locks, session.copy(), options))
    expect((await Promise.all(copies.map((copy) => copy.claim()))).sort()).toEqual([1, 2, 3])
  })

  test.each(['navigate', 'back_forward'])('restored by %s gets its slot if nobody has it', async (type) => {
    const locks = new HeldLocks()
    const session = new Session()
    const blocker = new Page(locks, new Session())
    await blocker.claim()
    const page = new Page(locks, session)
    await page.claim()
    const left = await page.unload(session)
    await blocker.slots[0]!.release()
    expect(await new Page(locks, left.copy(), { navigationType: type }).claim()).toBe(1)
    expect(await new Page(locks, left.copy(), { navigationType: type }).claim()).toBe(0)
  })
})

describe('memory', () => {
  test.each([
    'no JSON',
    '{}',
    '[1, null, {"slot": -1, "document": null}, {"slot": 999, "document": "x"}, {"slot": "0"}]',
  ])('of %s is ignored', async (text) => {
    const session = new Session([[`hyphae/slots/${NETWORK}`, text]])
    expect(await new Page(new HeldLocks(), session).claim()).toBe(0)
  })

  test('may be missing or full', async () => {
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError')
      },
    }
    const locks = new HeldLocks()
    expect(await new Page(locks, null).claim()).toBe(0)
    expect(await new Page(locks, full).claim()).toBe(1)
  })
})

describe('limits', () => {
  test('the 257th tab is refused, and the slot of one that closed is taken again', async () => {
    const locks = new HeldLocks()
    const page = new Page(locks, null)
    for (let number = 0; number < SLOTS_MAX; number++) await page.claim()
    await expect(page.claim()).rejects.toMatchObject({ code: 'IDENTITY_IN_USE' })
    await page.slots[200]!.release()
    expect(await page.claim()).toBe(200)
  })

  test('without Web Locks it is UNSUPPORTED, and a lock manager that fails is not hidden', async () => {
    await expect(claimIdentitySlot({ network: NETWORK })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    const broken: SlotLocks = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) }
    const failure = { name: 'HyphaeError', code: 'STORAGE_FAILED', cause: { name: 'SecurityError' } }
    await expect(new Page(broken, null).claim()).rejects.toMatchObject(failure)
  })

  test('releasing twice is harmless', async () => {
    const locks = new HeldLocks()
    const page = new Page(locks, null)
    await page.claim()
    await page.slots[0]!.release()
    await page.slots[0]!.release()
    expect(await page.claim()).toBe(0)
  })
})

/** Lets promises settle until the condition holds; 100 turns are far more than any claim takes. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !condition(); turn++) await Promise.resolve()
  expect(condition()).toBe(true)
}
