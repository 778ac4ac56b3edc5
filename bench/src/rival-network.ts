// What a network of peers in one process must be able to do to be measured. One adapter per library; nothing here is measured.

export interface RivalNetwork {
  /** Starts this many peers; resolves once their links have come to rest. Rejects where that takes too long. */
  start(count: number): Promise<void>
  /** Links that peers hold, on average. */
  linksMean(): number
  /** Every peer listens from now on. A peer's own messages are not deliveries. */
  subscribe(onDelivery: (payload: Uint8Array) => void): Promise<void>
  publish(peer: number, payload: Uint8Array): Promise<void>
  /** Whether `lookup`, `put` and `get` work. */
  readonly hasDht: boolean
  /** Asks for the peers closest to a key of 32 bytes; resolves with how many were found. */
  lookup(peer: number, key: Uint8Array): Promise<number>
  put(peer: number, name: string, value: Uint8Array): Promise<void>
  /** The value, or null where the network does not have it. */
  get(peer: number, name: string): Promise<Uint8Array | null>
  close(): Promise<void>
}

/** Milliseconds between two looks at the links, how long they must stay as they are, and how long that may take. */
const LOOK_MS = 500
const RESTING_MS = 5_000
const RESTED_MS_MAX = 90_000

/** Resolves once `links` has given the same number for a while. */
export async function untilAtRest(links: () => number): Promise<void> {
  const deadline = performance.now() + RESTED_MS_MAX
  let before = links()
  let since = performance.now()
  while (performance.now() < deadline) {
    await pause(LOOK_MS)
    const now = links()
    if (now !== before) since = performance.now()
    before = now
    if (performance.now() - since >= RESTING_MS) return
  }
  throw new Error(`links did not come to rest within ${RESTED_MS_MAX} ms`)
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Rejects after `timeoutMs`, so that nothing measured here waits for ever. */
export async function within<T>(timeoutMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
