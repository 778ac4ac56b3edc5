// A peer that does what a test tells it and remembers what it hears. By itself it only carries signals: offers and answers
// go through the introducer unsealed, so that a dial leads to a link.

import type { AttemptId, Contact, Effect, Input, LinkId, Millis, PeerSnapshot } from '@hyphae/core'
import type { DrivenPeer, Host } from '../src/host.ts'
import { Network, type NetworkOptions } from '../src/network.ts'

interface Heard {
  /** The peer's own clock. */
  readonly at: Millis
  readonly input: Input
}

export class ScriptedPeer implements DrivenPeer {
  readonly contact: Contact
  readonly heard: Heard[] = []
  /** Said on every link as soon as it opens. */
  greeting: Uint8Array | null = null
  readonly #todo: Effect[] = []
  readonly #remoteByAttempt = new Map<AttemptId, Contact>()

  constructor(contact: Contact) {
    this.contact = contact
  }

  /** Effects of the next turn. */
  perform(...effects: readonly Effect[]): void {
    this.#todo.push(...effects)
  }

  dial(attempt: string, contact: Contact): void {
    this.#remoteByAttempt.set(attempt as AttemptId, contact)
    this.perform({ type: 'dial', attempt: attempt as AttemptId, contact })
  }

  all<T extends Input['type']>(type: T): (Extract<Input, { type: T }> & { at: Millis })[] {
    return this.heard.flatMap(({ at, input }) => (input.type === type ? [{ ...input, at }] : [])) as never
  }

  /** The last input of a type. Throws where there was none. */
  last<T extends Input['type']>(type: T): Extract<Input, { type: T }> & { at: Millis } {
    const found = this.all(type).at(-1)
    if (found === undefined) throw new Error(`no ${type} among ${this.heard.map(({ input }) => input.type)}`)
    return found
  }

  handle(input: Input, now: Millis, out: Effect[]): void {
    this.heard.push({ at: now, input })
    if (input.type === 'local-signal') this.#carry(input.attempt, input.bytes, out)
    if (input.type === 'signal') this.#onSignal(input.from, input.bytes, out)
    if (input.type === 'link-opened' && this.greeting !== null)
      out.push({ type: 'send', link: input.link, channel: 'control', bytes: this.greeting })
    out.push(...this.#todo.splice(0))
  }

  /** What `snapshot` and `check` say. */
  shown: Partial<PeerSnapshot> = {}
  sizes: Readonly<Record<string, number>> = {}
  problems: string[] = []

  snapshot(): PeerSnapshot {
    return { ...EMPTY, id: this.contact.id, ...this.shown }
  }

  tables(): Readonly<Record<string, number>> {
    return this.sizes
  }

  check(): string[] {
    return this.problems
  }

  #carry(attempt: AttemptId, bytes: Uint8Array, out: Effect[]): void {
    const to = this.#remoteByAttempt.get(attempt)
    if (to === undefined) return
    const text = Uint8Array.from(attempt, (digit) => digit.charCodeAt(0))
    out.push({
      type: 'carry-signal',
      via: 'simulated',
      to: to.id,
      bytes: Uint8Array.from([...text, ...bytes]),
    })
  }

  #onSignal(from: Contact, bytes: Uint8Array, out: Effect[]): void {
    const attempt = String.fromCharCode(...bytes.subarray(0, 16)) as AttemptId
    const signal = bytes.slice(16)
    if (this.#remoteByAttempt.has(attempt)) out.push({ type: 'apply-signal', attempt, bytes: signal })
    else {
      this.#remoteByAttempt.set(attempt, from)
      out.push({ type: 'accept', attempt, contact: from, signal })
    }
  }
}

const EMPTY: Omit<PeerSnapshot, 'id'> = {
  status: 'joined',
  links: [],
  dialing: 0,
  linksMax: 50,
  contacts: 0,
  buckets: 0,
  networkSize: 1,
  siblings: [],
  records: { held: 0, own: 0, bytes: 0 },
  topics: [],
  gossip: { copies: 0, first: 0, published: 0 },
  routed: { forwarded: 0, answered: 0, failed: 0 },
  traffic: { sent: {}, received: {}, offences: {} },
}

export interface ScriptedHost {
  readonly host: Host
  readonly peer: ScriptedPeer
  /** Performs effects now. */
  act(...effects: readonly Effect[]): void
}

/** A network of scripted peers, started and connected to the introducer. */
export function scriptedNetwork(
  count: number,
  options: Partial<NetworkOptions> = {},
): { network: Network; peers: ScriptedHost[] } {
  const peers: ScriptedPeer[] = []
  const createPeer = (contact: Contact) => {
    const peer = new ScriptedPeer(contact)
    peers.push(peer)
    return peer
  }
  const network = new Network({ seed: 1, createPeer, ...options })
  const scripted = Array.from({ length: count }, (_, index): ScriptedHost => {
    const host = network.addHost()
    host.start()
    const peer = peers[index] as ScriptedPeer
    return { host, peer, act: (...effects) => turn(host, peer, effects) }
  })
  network.advance(CONNECTED_MS)
  return { network, peers: scripted }
}

/** Milliseconds in which everybody is connected to the introducer: five round trips of at most 400 ms. */
const CONNECTED_MS = 2_500

function turn(host: Host, peer: ScriptedPeer, effects: readonly Effect[]): void {
  peer.perform(...effects)
  host.later(0, { type: 'environment', online: true, visible: true, pausedMs: 0 })
}

/** Links two scripted peers; returns both ends' numbers. */
export function link(network: Network, dialer: ScriptedHost, listener: ScriptedHost): [LinkId, LinkId] {
  const attempt = `${dialer.host.number}`.padStart(8, '0') + `${listener.host.number}`.padStart(8, '0')
  dialer.peer.dial(attempt, listener.host.contact)
  dialer.act()
  network.advance(CONNECTED_MS)
  return [dialer.peer.last('link-opened').link, listener.peer.last('link-opened').link]
}
