// Introducers without a server: everybody who opened one of the same hub and names the same network knows each other.
// The reference for the suite of introducers, and what in-memory networks are made with.

import type { Contact, PeerId } from '@hyphae/core'
import { checkSignal, type Introducer, type IntroducerEvent, type IntroducerIdentity } from '@hyphae/runtime'

export interface MemoryIntroducers {
  /** A new introducer for one peer, not yet open. All of one hub meet, whatever their `id`. */
  introducer(id?: string): Introducer
  /** Everybody hears `down`, and nothing is introduced or carried until `start`. */
  stop(): void
  start(): void
}

/** A hub without members that is started. */
export function createMemoryIntroducers(): MemoryIntroducers {
  const hub = new Hub()
  return {
    introducer: (id = 'memory') => new MemoryIntroducer(id, hub),
    stop: () => hub.setUp(false),
    start: () => hub.setUp(true),
  }
}

/** Who is open, by network and peer id. Says the same to the same calls: no randomness in it. */
class Hub {
  readonly #membersByNetwork = new Map<string, Map<PeerId, MemoryIntroducer>>()
  #isUp = true
  /** Where the next choice of "random" members begins, so that asking often enough reaches everybody. */
  #turn = 0

  get isUp(): boolean {
    return this.#isUp
  }

  setUp(isUp: boolean): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    for (const members of this.#membersByNetwork.values())
      for (const member of members.values()) member.tell(isUp)
  }

  enter(member: MemoryIntroducer, { networkId, contact }: IntroducerIdentity): void {
    const members = this.#membersOf(networkId)
    members.get(contact.id)?.refuse('superseded', 'This identity connected again from elsewhere.')
    members.set(contact.id, member)
  }

  leave(member: MemoryIntroducer, { networkId, contact }: IntroducerIdentity): void {
    const members = this.#membersOf(networkId)
    if (members.get(contact.id) === member) members.delete(contact.id)
  }

  memberOf(networkId: string, id: PeerId): MemoryIntroducer | undefined {
    return this.#membersOf(networkId).get(id)
  }

  /** The closest others, and as many further ones as are wanted. */
  choose({ networkId, contact }: IntroducerIdentity, random: number, close: number): Contact[] {
    const others = [...this.#membersOf(networkId).values()].flatMap((member) => member.contact ?? [])
    const byDistance = others
      .filter(({ id }) => id !== contact.id)
      .sort((a, b) => (distance(contact, a) < distance(contact, b) ? -1 : 1))
    const further = byDistance.slice(close)
    const start = further.length === 0 ? 0 : this.#turn % further.length
    this.#turn += random
    const turned = [...further.slice(start), ...further.slice(0, start)]
    return [...byDistance.slice(0, close), ...turned.slice(0, random)]
  }

  #membersOf(networkId: string): Map<PeerId, MemoryIntroducer> {
    const members = this.#membersByNetwork.get(networkId) ?? new Map<PeerId, MemoryIntroducer>()
    this.#membersByNetwork.set(networkId, members)
    return members
  }
}

class MemoryIntroducer implements Introducer {
  readonly path = 'memory'
  readonly id: string
  readonly #hub: Hub
  #identity: IntroducerIdentity | null = null
  #listener: ((event: IntroducerEvent) => void) | null = null

  constructor(id: string, hub: Hub) {
    this.id = id
    this.#hub = hub
  }

  get contact(): Contact | null {
    return this.#identity?.contact ?? null
  }

  open(identity: IntroducerIdentity, listener: (event: IntroducerEvent) => void): void {
    if (this.#identity !== null) throw new TypeError('an introducer is opened once')
    this.#identity = identity
    this.#listener = listener
    this.#hub.enter(this, identity)
    this.tell(this.#hub.isUp)
  }

  introduce(random: number, close: number): void {
    if (!this.#hub.isUp || this.#identity === null || this.#listener === null) return
    this.hear({ type: 'introduced', contacts: this.#hub.choose(this.#identity, random, close) })
  }

  signal(to: PeerId, bytes: Uint8Array): void {
    checkSignal(bytes)
    if (this.#identity === null || this.#listener === null) return
    const { contact, networkId } = this.#identity
    const target = this.#hub.isUp ? this.#hub.memberOf(networkId, to) : undefined
    if (target) target.hear({ type: 'signal', from: contact, bytes: bytes.slice() })
    else this.hear({ type: 'undeliverable', to })
  }

  /** Being connected costs nothing here. */
  meshed(): void {}

  /** Nothing to connect to. */
  retryNow(): void {}

  close(): void {
    this.#listener = null
    if (this.#identity !== null) this.#hub.leave(this, this.#identity)
  }

  tell(isUp: boolean): void {
    this.hear(isUp ? { type: 'up' } : { type: 'down', detail: 'The hub is stopped.' })
  }

  refuse(code: string, detail: string): void {
    const listener = this.#listener
    this.#listener = null
    queueMicrotask(() => listener?.({ type: 'refused', code, detail }))
  }

  /** Later, in order: whoever calls us is never called back before we return. */
  hear(event: IntroducerEvent): void {
    queueMicrotask(() => this.#listener?.(event))
  }
}

/** XOR of both ids as a number. */
function distance(a: Contact, b: Contact): bigint {
  return BigInt(`0x${a.id}`) ^ BigInt(`0x${b.id}`)
}
