import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GossipEffect } from '../../src/gossip/gossip.ts'
import { topicOf } from '../../src/gossip/topic.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { DIRECT_PAYLOAD_BYTES_MAX } from '../../src/limits.ts'
import { outOfBounds } from '../../src/peer/table-bounds.ts'
import { equalBytes } from '../../src/wire/bytes.ts'
import type { MessageId } from '../../src/wire/messages.ts'
import { modelSignature } from '../gossip/network.ts'
import { contactNumber, type Draft, gossipFrame, NETWORK_ID, OnePeer } from '../gossip/one-peer.ts'
import { checkScripts, type Stage } from './script.ts'

const TOPICS = ['chat', 'news'] as const
const LINKS = [1, 2, 3, 4, 5].map((number) => contactNumber(number).id)
/** Number 0 is ourselves: what claims to be by us is dropped. Some authors are links. */
const AUTHORS = [0, 1, 2, 9, 10].map(contactNumber)
const PAYLOAD_BYTES = [0, 3, DIRECT_PAYLOAD_BYTES_MAX, DIRECT_PAYLOAD_BYTES_MAX + 1]
/** Where its author's signing key is in a GOSSIP frame: behind 4 bytes of header and 16 of topic. */
const SIGNING_KEY_AT = 20

type Topic = (typeof TOPICS)[number]
interface Named {
  readonly author: number
  readonly counter: number
  readonly boot: number
  readonly topic: Topic
  readonly bytes: number
}
type Verification = Extract<GossipEffect, { type: 'verify' }>

type Step =
  | { readonly do: 'subscribe' | 'unsubscribe'; readonly topic: Topic }
  | { readonly do: 'link' | 'unlink' | 'suspect'; readonly who: number }
  | { readonly do: 'member'; readonly who: number; readonly topic: Topic; readonly leaves: boolean }
  | { readonly do: 'ask'; readonly who: number; readonly topic: Topic; readonly lifeSeconds: number }
  | ({
      readonly do: 'copy'
      readonly from: number
      readonly forged: boolean
      readonly direct: boolean
      readonly ttl: number
    } & Named)
  | {
      readonly do: 'ihave' | 'graft'
      readonly from: number
      readonly topic: Topic
      readonly messages: Named[]
      readonly flag: boolean
    }
  | { readonly do: 'prune'; readonly from: number; readonly topic: Topic }
  | { readonly do: 'verify' | 'drop'; readonly count: number }
  | { readonly do: 'publish'; readonly topic: Topic; readonly bytes: number }
  | { readonly do: 'wait'; readonly ms: number }

const is = <T extends string>(name: T) => fc.constant(name)
const who = fc.nat(LINKS.length - 1)
const topic = fc.constantFrom(...TOPICS)
const names = {
  author: fc.nat(AUTHORS.length - 1),
  counter: fc.nat(6),
  boot: fc.integer({ min: 1, max: 2 }),
  topic,
  bytes: fc.constantFrom(...PAYLOAD_BYTES),
}
const messages = fc.array(fc.record(names), { maxLength: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('subscribe' as const, 'unsubscribe' as const), topic }),
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('link' as const, 'unlink' as const), who }) },
  fc.record({ do: is('suspect'), who }),
  { weight: 3, arbitrary: fc.record({ do: is('member'), who, topic, leaves: fc.boolean() }) },
  fc.record({ do: is('ask'), who, topic, lifeSeconds: fc.nat(200) }),
  {
    weight: 8,
    arbitrary: fc.record({
      do: is('copy'),
      from: who,
      forged: fc.boolean(),
      direct: fc.boolean(),
      ttl: fc.nat(40),
      ...names,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('ihave' as const, 'graft' as const),
      from: who,
      topic,
      messages,
      flag: fc.boolean(),
    }),
  },
  fc.record({ do: is('prune'), from: who, topic }),
  { weight: 4, arbitrary: fc.record({ do: is('verify'), count: fc.integer({ min: 1, max: 5 }) }) },
  fc.record({ do: is('drop'), count: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ do: is('publish'), topic, bytes: fc.constantFrom(...PAYLOAD_BYTES) }),
  { weight: 2, arbitrary: fc.record({ do: is('wait'), ms: fc.nat(30_000) }) },
)

/** Counts that show that scripts reach what they are about. */
const seen = { delivered: 0, forwarded: 0, grafted: 0, published: 0, dropped: 0 }

class GossipStage implements Stage<Step> {
  readonly #peer = new OnePeer()
  readonly #linked = new Set<PeerId>()
  /** Linked and silent: whatever comes from there, or `link`, makes it live again. */
  readonly #suspects = new Set<PeerId>()
  readonly #subscribed = new Set<string>()
  readonly #waiting: Verification[] = []
  /** Genuine messages by id. */
  readonly #messageById = new Map<MessageId, Named>()
  /** Author, boot, counter and topic of those that were delivered. */
  readonly #deliveredSequences = new Set<string>()
  readonly #deliveredIds = new Set<MessageId>()
  #ops = 0
  #openOps = new Set<number>()
  #wrong: string[] = []

  constructor() {
    this.perform({ do: 'subscribe', topic: 'chat' })
    for (const who of [0, 1, 2]) {
      this.perform({ do: 'link', who })
      this.perform({ do: 'member', who, topic: 'chat', leaves: false })
    }
  }

  perform(step: Step): readonly GossipEffect[] {
    const effects = this.#do(step)
    for (const effect of effects) this.#look(effect)
    return effects
  }

  problems(): string[] {
    const tables = this.#peer.machine.tables()
    const wrong = [...this.#wrong, ...outOfBounds(tables, LINKS.length)]
    const { gossipParked: parked } = tables
    if (this.#waiting.length === 0 && parked !== 0) wrong.push(`${parked} copies wait for no verification`)
    return wrong
  }

  /** What waits is given up by itself, and every publication has ended. */
  end(): string[] {
    for (const effect of this.#peer.wait(300_000)) this.#look(effect)
    const { gossipParked, gossipMissing, gossipMessages, gossipPublishing } = this.#peer.machine.tables()
    const left = { gossipParked, gossipMissing, gossipMessages, gossipPublishing }
    for (const [table, size] of Object.entries(left))
      if (size !== 0) this.#wrong.push(`${table} keeps ${size}`)
    if (this.#openOps.size > 0) this.#wrong.push(`${this.#openOps.size} publications have never ended`)
    return this.problems()
  }

  #do(step: Step): GossipEffect[] {
    const peer = this.#peer
    const from = 'from' in step ? linkOf(step.from) : 'who' in step ? linkOf(step.who) : null
    if (from !== null && step.do !== 'link' && !this.#linked.has(from)) return []
    if (from !== null && step.do !== 'unlink' && this.#suspects.delete(from))
      return peer.give({ type: 'link-up', peer: from })
    switch (step.do) {
      case 'subscribe':
      case 'unsubscribe':
        if (step.do === 'subscribe') this.#subscribed.add(step.topic)
        else this.#subscribed.delete(step.topic)
        return peer.give({ type: step.do, topic: step.topic })
      case 'link':
      case 'unlink':
        return this.#setLink(linkOf(step.who), step.do === 'link')
      case 'suspect':
        this.#suspects.add(linkOf(step.who))
        return peer.give({ type: 'link-suspect', peer: linkOf(step.who) })
      case 'member': {
        const ids = [topicOf(NETWORK_ID, step.topic).id]
        const [added, removed] = step.leaves ? [[], ids] : [ids, []]
        return peer.receive(linkOf(step.who), { type: 'TOPICS', all: false, added, removed })
      }
      case 'ask': {
        const { id, key } = topicOf(NETWORK_ID, step.topic)
        return peer.receive(linkOf(step.who), {
          type: 'SUBSCRIBE',
          topic: id,
          target: key,
          lifeSeconds: step.lifeSeconds,
        })
      }
      case 'copy':
        return this.#copy(step)
      case 'ihave':
        return peer.receive(linkOf(step.from), {
          type: 'IHAVE',
          topic: topicOf(NETWORK_ID, step.topic).id,
          ids: step.messages.map((name) => frameOf(name).id),
          reconcile: step.flag,
        })
      case 'graft':
        return peer.receive(linkOf(step.from), {
          type: 'GRAFT',
          topic: topicOf(NETWORK_ID, step.topic).id,
          ids: step.messages.map((name) => frameOf(name).id),
          pullOnly: step.flag,
        })
      case 'prune':
        return peer.receive(linkOf(step.from), { type: 'PRUNE', topic: topicOf(NETWORK_ID, step.topic).id })
      case 'verify':
        return this.#waiting
          .splice(0, step.count)
          .flatMap(({ token, key, bytes, signature }) =>
            peer.give({ type: 'verified', token, valid: equalBytes(modelSignature(key, bytes), signature) }),
          )
      case 'drop':
        return this.#waiting.splice(0, step.count).flatMap(({ token }) => {
          seen.dropped += 1
          return peer.give({ type: 'verify-dropped', token })
        })
      case 'publish':
        return this.#publish(step)
      case 'wait':
        return peer.wait(step.ms)
    }
  }

  #setLink(link: PeerId, up: boolean): GossipEffect[] {
    if (this.#linked.has(link) === up) return []
    if (up) this.#linked.add(link)
    else this.#linked.delete(link)
    this.#suspects.delete(link)
    return up ? this.#peer.link(link) : this.#peer.unlink(link)
  }

  #copy({ from, forged, direct, ttl, ...name }: Step & { do: 'copy' }): GossipEffect[] {
    const { bytes, id } = frameOf(name, { forged, direct, ttl })
    if (!forged) this.#messageById.set(id, name)
    return this.#peer.receiveBytes(linkOf(from), bytes)
  }

  #publish({ topic, bytes }: Step & { do: 'publish' }): GossipEffect[] {
    const op = ++this.#ops
    this.#openOps.add(op)
    return this.#peer.publish(op, topic, new Uint8Array(bytes), 5_000)
  }

  #look(effect: GossipEffect): void {
    if (effect.type === 'verify') this.#waiting.push(effect)
    else if (effect.type === 'forward') this.#lookAtForward(effect)
    else if (effect.type === 'send') {
      if (effect.message.type === 'GRAFT') seen.grafted += 1
      if (!this.#linked.has(effect.to)) this.#wrong.push('sent to somebody who is not linked')
    } else if (effect.type === 'done' || effect.type === 'failed') {
      seen.published += 1
      if (!this.#openOps.delete(effect.op)) this.#wrong.push('a publication has ended twice')
    } else if (effect.type === 'event' && effect.event.type === 'message') {
      const { id, from, topic } = effect.event
      seen.delivered += 1
      const message = this.#messageById.get(id)
      if (message === undefined || AUTHORS[message.author]?.id !== from || message.topic !== topic)
        return void this.#wrong.push('a message was delivered that its author never sent')
      const sequence = [from, message.boot, message.counter, topic].join()
      if (this.#deliveredIds.has(id)) this.#wrong.push('a message was delivered twice')
      if (this.#deliveredSequences.has(sequence))
        this.#wrong.push('two messages of one number were delivered')
      this.#deliveredIds.add(id)
      this.#deliveredSequences.add(sequence)
      if (from === this.#peer.self.id) this.#wrong.push('a message in our name was delivered')
      if (!this.#subscribed.has(topic))
        this.#wrong.push('a message of a topic nobody subscribed to was delivered')
    }
  }

  #lookAtForward({ to, frame }: GossipEffect & { type: 'forward' }): void {
    seen.forwarded += 1
    if (!this.#linked.has(to) || this.#suspects.has(to))
      this.#wrong.push('a message went to somebody who is not linked')
    const key = frame.subarray(SIGNING_KEY_AT, SIGNING_KEY_AT + 32)
    const author = AUTHORS.find(({ signingKey }) => equalBytes(signingKey, key))
    if (author === undefined) this.#wrong.push('a message of nobody went out')
    else if (author.id === to) this.#wrong.push('a message went to its author')
  }
}

function linkOf(number: number): PeerId {
  return LINKS[number] as PeerId
}

const frames = new Map<string, { bytes: Uint8Array; id: MessageId }>()

/** Signing costs more than all the rest, so a frame is made once; flags and TTL are not signed. */
function frameOf(
  { author, counter, boot, topic, bytes }: Named,
  { forged = false, direct = false, ttl = 32 }: Pick<Draft, 'forged' | 'direct' | 'ttl'> = {},
): { bytes: Uint8Array; id: MessageId } {
  const name = [author, counter, boot, topic, bytes, forged].join()
  const contact = AUTHORS[author] as (typeof AUTHORS)[number]
  const payload = new Uint8Array(bytes)
  const known = frames.get(name) ?? gossipFrame({ author: contact, counter, boot, topic, payload, forged })
  frames.set(name, known)
  const copy = known.bytes.slice()
  copy[2] = direct ? 1 : 0
  copy[3] = ttl
  return { bytes: copy, id: known.id }
}

test('[GS-4] [GS-8] [GS-28] no script delivers a message twice, a forged one, or to whom it must not go', () => {
  checkScripts({ step, newStage: () => new GossipStage(), runs: 300, steps: 60 })
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50)
})
