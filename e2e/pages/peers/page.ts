// What browser tests open peers with: a bare page that loads the SDK by a script tag, records what every peer says, with
// times that pages and processes of one machine share, and lets a test wait until something holds.

import type { Peer, PeerEvents, PeerOptions, Sdk, TopicMessage } from './sdk.ts'

declare const hyphae: Sdk

/** Events said last when a wait was in vain. */
const EVENTS_TOLD = 25

const recordedTypes = [
  'status',
  'peer-joined',
  'peer-left',
  'timeline',
  'offence',
  'problem',
  'record-persisted',
  'stopped',
] as const

type Recorded<T> = { readonly type: T; readonly at: number }

/** `at`: milliseconds since 1970, with fractions. */
export type PeerRecord =
  | {
      [T in Exclude<keyof PeerEvents, 'status' | 'problem' | 'stopped'>]: Recorded<T> & PeerEvents[T]
    }[Exclude<keyof PeerEvents, 'status' | 'problem' | 'stopped'>]
  | (Recorded<'status'> & { readonly status: string })
  | (Recorded<'problem' | 'stopped'> & { readonly code: string; readonly message: string })
  | (Recorded<'message'> & { readonly topic: string } & TopicMessage)

type RecordOf<T> = Extract<PeerRecord, { readonly type: T }>

interface Waiting {
  holds(): boolean
  resolve(at: number): void
}

export class TestPeer {
  readonly peer: Peer
  readonly events: PeerRecord[] = []
  readonly #waiting = new Set<Waiting>()

  constructor(peer: Peer) {
    this.peer = peer
    for (const type of recordedTypes) peer.on(type, (event) => this.#record(recordOf(type, event)))
  }

  eventsOf<T extends PeerRecord['type']>(type: T): RecordOf<T>[] {
    return this.events.filter((event): event is RecordOf<T> => event.type === type)
  }

  subscribe(topic: string): void {
    this.peer.topic(topic).on('message', ({ from, data, id, hops }) => {
      this.#record({ type: 'message', at: now(), topic, from, data, id, hops })
    })
  }

  /** Resolves with the time at which this message had been heard. */
  heard(topic: string, data: string, withinMs: number): Promise<number> {
    const messages = () => this.eventsOf('message').filter((each) => each.topic === topic)
    const isThere = () => messages().some((each) => each.data === data)
    return this.until(`${JSON.stringify(data)} in ${topic}`, isThere, withinMs)
  }

  /** Resolves with the time at which `holds` did; looks now and after every event. Rejects with what was seen instead. */
  until(what: string, holds: () => boolean, withinMs: number): Promise<number> {
    if (holds()) return Promise.resolve(now())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting)
        reject(new Error(`not within ${withinMs} ms: ${what}\n${this.#report()}`))
      }, withinMs)
      const waiting: Waiting = {
        holds,
        resolve: (at) => {
          clearTimeout(timer)
          resolve(at)
        },
      }
      this.#waiting.add(waiting)
    })
  }

  #record(event: PeerRecord): void {
    this.events.push(event)
    for (const waiting of this.#waiting) {
      if (!waiting.holds()) continue
      this.#waiting.delete(waiting)
      waiting.resolve(event.at)
    }
  }

  #report(): string {
    const { status, links, dialing } = this.peer.snapshot()
    const peers = links.map(({ peer, signalingPath }) => `${peer.slice(0, 8)} (${signalingPath})`)
    const last = this.events.slice(-EVENTS_TOLD).map((event) => JSON.stringify(event))
    return [
      `${this.peer.id.slice(0, 8)} is ${status}, dials ${dialing}, is linked to ${peers.length}: ${peers.join(', ')}`,
      ...last,
    ].join('\n')
  }
}

const page = {
  async open(options: PeerOptions): Promise<TestPeer> {
    return new TestPeer(await hyphae.createPeer(options))
  },
  /** Like the times of events. */
  now,
  /** When this document had loaded. */
  loadedAt(): number {
    const [entry] = performance.getEntriesByType('navigation')
    return performance.timeOrigin + (entry as PerformanceNavigationTiming).loadEventEnd
  },
}

declare global {
  var peersPage: typeof page
}
globalThis.peersPage = page

function recordOf<T extends keyof PeerEvents>(type: T, event: PeerEvents[T]): PeerRecord {
  const at = now()
  if (typeof event === 'string') return { type: 'status', at, status: event }
  if (event instanceof Error) {
    const { code, message } = event as Error & { code: string }
    return { type, at, code, message } as PeerRecord
  }
  return { ...event, type, at } as unknown as PeerRecord
}

function now(): number {
  return performance.timeOrigin + performance.now()
}
