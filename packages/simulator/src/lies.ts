// What a liar says: frames that are well formed, signed by itself where that is called for, and not true.

import type { Contact, Key, OperationId, PeerId } from '@hyphae/core'
import {
  concatBytes,
  decodeFrame,
  encodeFrame,
  encodeInner,
  fromHex,
  type Message,
  type MessageOf,
  type TopicId,
  toHex,
  utf8,
} from '@hyphae/core/wire'
import { carried, type Hearsay } from './hearsay.ts'
import { EPOCH_MS } from './host.ts'
import { seal, sign } from './keyed-hash-crypto.ts'
import type { SeededRandom } from './random.ts'
import { encodeSignal } from './sim-signal.ts'

/** Milliseconds of the clock by which invented versions may differ. */
const VERSION_MS = 3_600_000
/** Counts of a hybrid logical clock in a millisecond (RC-3). */
const TICKS = 1_024

type Route = MessageOf<'ROUTE'>

export class Lies {
  readonly #own: Contact
  readonly #hearsay: Hearsay
  readonly #random: SeededRandom
  #counter = 0
  /** Of the network that the real peer greets. */
  networkId = ''

  constructor(own: Contact, hearsay: Hearsay, random: SeededRandom) {
    this.#own = own
    this.#hearsay = hearsay
    this.#random = random
  }

  /** Another HELLO than this one, which is as true as it has to be. */
  hello(message: MessageOf<'HELLO'>): Uint8Array {
    this.networkId = message.networkId
    const bootId = message.bootId + this.#random.below(3) - 1
    const bootSignature = this.#sign('hyphae boot 1', fromHex(message.networkId), u53(bootId))
    const odd = { versionMin: 0, versionMax: 255, features: this.#random.u32(), hidden: !message.hidden }
    return encodeFrame({ ...message, ...odd, bootId, bootSignature })
  }

  /** To a question that was to be handed on: that nobody is there, that it is taken, or an answer of its own. */
  answer(route: Route): Uint8Array {
    const { operation, path, visited } = route
    const name = { operation, path }
    const random = this.#random
    const kinds: readonly (() => Message)[] = [
      () => ({ type: 'ROUTE_ACK', ...name }),
      () => ({ type: 'ROUTE_NACK', ...name, hopsLeft: random.below(30), visited }),
      () => ({ type: 'ROUTE_NACK', ...name, hopsLeft: 0, visited: [] }),
      () => this.#reply(name, this.#ownAnswer(route)),
      () => this.#reply(name, this.#ownAnswer(route)),
      () => this.#reply(name, this.#hearsay.routed()),
    ]
    return encodeFrame(random.pick(kinds)())
  }

  route(): Uint8Array {
    const random = this.#random
    const keys = (max: number) => Array.from({ length: random.below(max) }, () => this.#hearsay.key())
    const message: Route = {
      type: 'ROUTE',
      operation: this.#hearsay.name() as OperationId,
      path: random.below(6),
      mode: random.below(5),
      target: this.#hearsay.key() as Key,
      visited: keys(5).map((key) => key.slice(0, 8)),
      via: keys(4) as PeerId[],
      inner: encodeInner(this.#hearsay.routed()),
    }
    return encodeFrame(message, random.below(256))
  }

  exchange(): Uint8Array {
    const linked = this.#hearsay.someContacts(20)
    return encodeFrame({
      type: 'PEER_EXCHANGE',
      linked,
      siblings: this.#hearsay.someContacts(30),
      gone: this.#hearsay.someContacts(20).map(({ id }) => id),
      servers: [],
      delays: this.#random.bytes(linked.length),
    })
  }

  /** A message of its own, old or new, of this boot or another. */
  gossip(): Uint8Array | null {
    const random = this.#random
    const topic = this.#topic()
    if (topic === null) return null
    const boot = random.pick([1, 2, 3, Number.MAX_SAFE_INTEGER])
    const counter = random.pick([this.#counter++, random.below(10), random.u32()])
    const payload = random.bytes(random.below(4))
    const author = this.#own
    const names = [fromHex(this.networkId), fromHex(topic), contactBytes(author), u53(boot), u32(counter)]
    const signature = this.#sign('hyphae gossip 1', ...names, payload)
    const message = { type: 'GOSSIP', topic, author, boot, counter, payload, signature } as const
    return encodeFrame(message, random.below(256), random.below(2))
  }

  announce(): Uint8Array | null {
    const random = this.#random
    const topic = this.#topic()
    if (topic === null) return null
    const ids = Array.from({ length: random.below(20) }, () => this.#hearsay.name() as never)
    const [one, other] = [random.share() < 0.5, random.share() < 0.3]
    const messages: readonly Message[] = [
      { type: 'IHAVE', topic, ids, reconcile: one },
      { type: 'GRAFT', topic, ids, pullOnly: one },
      { type: 'GRAFT', topic, ids: [], pullOnly: false },
      { type: 'PRUNE', topic },
      { type: 'TOPICS', all: other, added: one ? [topic] : [], removed: [topic] },
      { type: 'TOPICS', all: false, added: [topic], removed: [] },
      { type: 'UNSUBSCRIBE', topic },
    ]
    return encodeFrame(random.pick(messages))
  }

  subscribe(): Uint8Array {
    const target = this.#hearsay.key() as Key
    const topic = target.slice(0, 32) as TopicId
    return encodeFrame({ type: 'SUBSCRIBE', topic, target, lifeSeconds: this.#random.below(600) })
  }

  want(): Uint8Array {
    const hidden = this.#random.share() < 0.5
    return encodeFrame({ type: 'WANT', reasons: this.#random.below(32), hidden })
  }

  ping(): Uint8Array {
    return encodeFrame({ type: 'PING', nonce: this.#random.u32() })
  }

  goodbye(): Uint8Array {
    const proof = new Uint8Array(0)
    return encodeFrame({ type: 'BYE', code: this.#random.below(20), bulkSent: this.#random.below(3), proof })
  }

  /** A box to somebody, by itself or by nobody, whose keys it has made up: mostly an offer behind which nobody is. */
  box(): { readonly sender: Contact; readonly to: Contact; readonly bytes: Uint8Array } {
    const random = this.#random
    const to = random.pick(this.#hearsay.contacts)
    const sender = random.share() < 0.7 ? random.pick(this.#hearsay.nobody) : this.#own
    const isOffer = random.share() < 0.7
    const offer = encodeSignal({ kind: 'offer', end: 0xffff_ffff, fingerprint: random.bytes(32) })
    const body: Message = {
      type: 'SIGNAL_BODY',
      attempt: isOffer ? toHex(random.bytes(8)) : this.#hearsay.name().slice(0, 16),
      kind: isOffer ? 0 : random.below(4),
      reasons: random.below(32),
      alternatives: this.#hearsay.someContacts(4),
      data: isOffer ? offer : random.bytes(random.below(60)),
    }
    return { sender, to, bytes: seal(sender, to, random.u32(), encodeInner(body)) }
  }

  /** The box on its way through the overlay. */
  signal({ sender, to, bytes }: ReturnType<Lies['box']>): Uint8Array {
    const message: Route = {
      type: 'ROUTE',
      operation: toHex(this.#random.bytes(16)) as OperationId,
      path: 0,
      mode: 1,
      target: to.id as string as Key,
      visited: [],
      via: [],
      inner: encodeInner({ type: 'SIGNAL', sender, box: bytes }),
    }
    return encodeFrame(message, 23)
  }

  #reply(name: Pick<Route, 'operation' | 'path'>, inner: Message): Message {
    const [hops, last] = [this.#random.below(256), this.#random.share() < 0.7]
    return { type: 'ROUTE_REPLY', ...name, hops, last, inner: encodeInner(inner) }
  }

  #ownAnswer(route: Route): Message {
    const question = carried(route)
    switch (question?.type) {
      case 'FIND':
        return this.#found(route.operation, question)
      case 'STORE':
        return this.#stored(route.operation, route.target)
      case 'REPLICA':
        return this.#stored(question.origin, route.target)
      case 'GET':
        return this.#value(route.operation, question)
      default:
        return this.#hearsay.routed()
    }
  }

  #found(operation: OperationId, { target, what, count }: MessageOf<'FIND'>): Message {
    const random = this.#random
    const contacts = this.#hearsay.someContacts(Math.min(count, 20))
    const [degree, holds] = [random.below(256), random.share() < 0.5]
    const signature = this.#sign(
      'hyphae found 1',
      fromHex(operation),
      fromHex(target),
      Uint8Array.of(what),
      contactBytes(this.#own),
      Uint8Array.of(degree, holds ? 1 : 0),
      ...contacts.map(contactBytes),
    )
    return { type: 'FOUND', responder: this.#own, contacts, degree, holds, signature }
  }

  #value(operation: OperationId, { key, head }: MessageOf<'GET'>): Message {
    const heard = this.#hearsay.heard('VALUE')
    const message = heard && decodeFrame(heard.bytes)?.message
    const value = message ? carried(message) : null
    if (this.#random.share() < 0.3) return { type: 'ABSENT', responder: this.#own, key }
    return head || value?.type !== 'VALUE' ? this.#stored(operation, key) : { ...value, holder: this.#own }
  }

  #stored(operation: OperationId, key: Key): Message {
    const random = this.#random
    const ms = EPOCH_MS + random.below(VERSION_MS)
    const rank = random.pick([0, 1, random.u32(), ms, ms * TICKS, Number.MAX_SAFE_INTEGER])
    const tie = 'f0'.repeat(8)
    const [result, wanted] = [random.below(3), random.below(256)]
    const names = [fromHex(operation), fromHex(this.#own.id), fromHex(key), u53(rank), fromHex(tie)]
    const signature = this.#sign('hyphae stored 1', ...names, Uint8Array.of(result, wanted))
    return { type: 'STORED', holder: this.#own, key, rank, tie, result, wanted, signature }
  }

  /** One that somebody spoke of. */
  #topic(): TopicId | null {
    const heard = this.#hearsay.heard(this.#random.pick(['GOSSIP', 'IHAVE', 'TOPICS'] as const))
    const message = heard && decodeFrame(heard.bytes)?.message
    if (message?.type === 'TOPICS') return message.added[0] ?? null
    return message?.type === 'GOSSIP' || message?.type === 'IHAVE' ? message.topic : null
  }

  #sign(domain: string, ...parts: readonly Uint8Array[]): Uint8Array {
    return sign(this.#own.signingKey, concatBytes(utf8(domain), ...parts))
  }
}

/** What a liar may say, each as likely as the others. */
export const LIES: readonly ((lies: Lies, hearsay: Hearsay) => Uint8Array | null)[] = [
  (_, hearsay) => hearsay.heard()?.bytes ?? null,
  (_, hearsay) => hearsay.invented(),
  (lies, hearsay) => {
    const heard = hearsay.heard('ROUTE')
    const message = heard && decodeFrame(heard.bytes)?.message
    return message?.type === 'ROUTE' ? lies.answer(message) : null
  },
  (lies) => lies.route(),
  (lies) => lies.exchange(),
  (lies) => lies.gossip(),
  (lies) => lies.announce(),
  (lies) => lies.subscribe(),
  (lies) => lies.want(),
  (lies) => lies.ping(),
  (lies) => lies.goodbye(),
  (lies) => lies.signal(lies.box()),
]

function contactBytes({ signingKey, exchangeKey, salt }: Contact): Uint8Array {
  return concatBytes(signingKey, exchangeKey, salt)
}

function u53(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
