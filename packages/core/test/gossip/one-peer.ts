// One Gossip machine on a bench: the test plays all of its neighbours and looks at every effect.

import { draftFrame, gossipDomain, messageIdOf, sealFrame, signedBytes } from '../../src/gossip/envelope.ts'
import { Gossip, type GossipEffect, type GossipInput, type GossipTimer } from '../../src/gossip/gossip.ts'
import { topicOf } from '../../src/gossip/topic.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import { networkIdOf } from '../../src/identity/network-id.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { GOSSIP_HOPS_MAX } from '../../src/limits.ts'
import type { LinkView, RoutingView } from '../../src/machine.ts'
import { equalBytes } from '../../src/wire/bytes.ts'
import { decodeFrame, encodeFrame, FLAG_DIRECT } from '../../src/wire/codec.ts'
import type { Message, MessageId } from '../../src/wire/messages.ts'
import { modelSignature } from './network.ts'
import { SeededRandom } from './seeded.ts'

export const NETWORK_ID = networkIdOf('test', 0)
export const CHAT = topicOf(NETWORK_ID, 'chat')
const DOMAIN = gossipDomain(NETWORK_ID)
export const BOOT = 7

export interface Draft {
  readonly author: Contact
  readonly counter?: number
  readonly boot?: number
  readonly payload?: Uint8Array
  readonly direct?: boolean
  readonly ttl?: number
  readonly topic?: string
  /** Signed by the wrong key. */
  readonly forged?: boolean
}

/** A person of the play: a contact made from a number. */
export function contactNumber(number: number): Contact {
  const random = new SeededRandom(number + 1_000)
  return makeContact(random.bytes(32), random.bytes(32), random.bytes(8))
}

/** A signed GOSSIP frame and its id. */
export function gossipFrame(draft: Draft): { bytes: Uint8Array; id: MessageId } {
  const { author, counter = 0, boot = 1, payload = Uint8Array.of(1, 2, 3), topic = 'chat' } = draft
  const envelope = { topic: topicOf(NETWORK_ID, topic).id, author, boot, counter, payload }
  const unsigned = draftFrame(envelope, draft.ttl ?? GOSSIP_HOPS_MAX)
  const key = draft.forged ? contactNumber(666).signingKey : author.signingKey
  const bytes = sealFrame(unsigned, modelSignature(key, signedBytes(DOMAIN, unsigned)))
  if (draft.direct) bytes[2] = FLAG_DIRECT
  return { bytes, id: messageIdOf(bytes) }
}

export class OnePeer {
  readonly self = contactNumber(0)
  readonly machine: Gossip
  now = 1_000_000
  /** Place of each peer on the way to every key: less is closer. Links are closer than we are, in order of linking. */
  readonly rank = new Map<PeerId, number>()
  selfRank = 100
  readonly roundTripMs = new Map<PeerId, number>()
  /** Unlinked contacts, and who named them. */
  readonly viaByContact = new Map<Contact, PeerId>()
  readonly #linked: PeerId[] = []
  readonly #timers: { at: number; timer: GossipTimer }[] = []
  #verifications: GossipEffect[] = []

  constructor(workBits = 0, seed = 1) {
    const options = { self: this.self, networkId: NETWORK_ID, workBits }
    this.machine = new Gossip(options, this.#routing(), this.#links(), new SeededRandom(seed))
    this.give({ type: 'start', bootId: BOOT })
  }

  /** Effects of one input. Timers are kept, not returned. */
  give(input: GossipInput): GossipEffect[] {
    const out: GossipEffect[] = []
    this.machine.handle(input, this.now, out)
    return out.filter((effect) => {
      if (effect.type === 'set-timer')
        this.#timers.push({ at: this.now + effect.afterMs, timer: effect.timer })
      if (effect.type === 'verify') this.#verifications.push(effect)
      return effect.type !== 'set-timer'
    })
  }

  /** Lets time pass, and returns what the timers due caused. */
  wait(ms: number): GossipEffect[] {
    const end = this.now + ms
    const effects: GossipEffect[] = []
    for (;;) {
      this.#timers.sort((a, b) => a.at - b.at)
      if (this.#timers.length === 0 || this.#timers[0]!.at > end) break
      const { at, timer } = this.#timers.shift()!
      this.now = at
      effects.push(...this.give({ type: 'timer', timer }))
    }
    this.now = end
    return effects
  }

  get timers(): readonly GossipTimer[] {
    return this.#timers.map(({ timer }) => timer)
  }

  link(peer: PeerId): GossipEffect[] {
    this.#linked.push(peer)
    if (!this.rank.has(peer)) this.rank.set(peer, this.#linked.length)
    return this.give({ type: 'link-up', peer })
  }

  unlink(peer: PeerId): GossipEffect[] {
    this.#linked.splice(this.#linked.indexOf(peer), 1)
    return this.give({ type: 'link-down', peer })
  }

  receive(from: PeerId, message: Message): GossipEffect[] {
    return this.receiveBytes(from, encodeFrame(message))
  }

  receiveBytes(from: PeerId, bytes: Uint8Array): GossipEffect[] {
    return this.give({ type: 'receive', from, frame: decodeFrame(bytes)! })
  }

  /** Links that are members of the topic. */
  linkMembers(peers: readonly PeerId[], topic = CHAT.id): void {
    for (const peer of peers) {
      this.link(peer)
      this.receive(peer, { type: 'TOPICS', all: true, added: [topic], removed: [] })
    }
  }

  /** Checks the signatures that wait, as the model has them. */
  verifyAll(): GossipEffect[] {
    const waiting = this.#verifications
    this.#verifications = []
    return waiting.flatMap((effect) => {
      if (effect.type !== 'verify') return []
      const valid = equalBytes(modelSignature(effect.key, effect.bytes), effect.signature)
      return this.give({ type: 'verified', token: effect.token, valid })
    })
  }

  /** Hands in a frame and its verification; returns what the second caused. */
  accept(from: PeerId, bytes: Uint8Array): GossipEffect[] {
    this.receiveBytes(from, bytes)
    return this.verifyAll()
  }

  /** Publishes and signs; returns all effects but the request for a signature. */
  publish(op: number, topic: string, payload: Uint8Array, deadlineMs = 1_000): GossipEffect[] {
    return this.give({ type: 'publish', op, topic, payload, deadlineMs }).flatMap((effect) => {
      if (effect.type !== 'sign') return [effect]
      const signature = modelSignature(this.self.signingKey, effect.bytes)
      return this.give({ type: 'signed', token: effect.token, signature })
    })
  }

  #routing(): RoutingView {
    const rankOf = (peer: PeerId) => this.rank.get(peer) ?? 1_000
    const contacts = () => [...this.viaByContact.keys()].sort((a, b) => rankOf(a.id) - rankOf(b.id))
    return {
      self: this.self,
      linkedByDistance: () => [...this.#linked].sort((a, b) => rankOf(a) - rankOf(b)),
      isSelfCloser: (_target, than) => this.selfRank < rankOf(than),
      closest: () => contacts(),
      closestLinked: () => [],
      siblings: () => [],
      isLinked: (peer) => this.#linked.includes(peer),
      settledForMs: () => 60_000,
      isDeparted: () => false,
      contactOf: () => null,
      ways: () => [],
      viaOf: (peer) =>
        contacts().flatMap((contact) => (contact.id === peer ? [this.viaByContact.get(contact)!] : []))[0] ??
        null,
      linked: () => this.#linked,
    }
  }

  #links(): LinkView {
    return {
      roundTripMs: (peer) => this.roundTripMs.get(peer) ?? null,
      isHidden: () => false,
    }
  }
}

// What to look for among effects

export function sends(
  effects: readonly GossipEffect[],
  type?: Message['type'],
): { to: PeerId; message: Message }[] {
  return effects.flatMap((effect) =>
    effect.type === 'send' && (type === undefined || effect.message.type === type)
      ? [{ to: effect.to, message: effect.message }]
      : [],
  )
}

export function forwards(effects: readonly GossipEffect[]): { to: PeerId; frame: Uint8Array }[] {
  return effects.flatMap((effect) =>
    effect.type === 'forward' ? [{ to: effect.to, frame: effect.frame }] : [],
  )
}

export function offences(effects: readonly GossipEffect[]): string[] {
  return effects.flatMap((effect) => (effect.type === 'offence' ? [`${effect.peer} ${effect.offence}`] : []))
}

export function delivered(
  effects: readonly GossipEffect[],
): { from: PeerId; id: MessageId; hops: number; payload: Uint8Array }[] {
  return effects.flatMap((effect) =>
    effect.type === 'event' && effect.event.type === 'message' ? [effect.event] : [],
  )
}
