// Hostile frames: valid ones of every message type, made from the table of messages and from what honest peers have said,
// and then damaged in one of ten ways. Nothing here is random beyond its seed.

import type { Channel } from '../../src/contract.ts'
import { gossipDomain, sealFrame, signedBytes } from '../../src/gossip/envelope.ts'
import type { Contact } from '../../src/identity/contact.ts'
import type { Key } from '../../src/identity/peer-id.ts'
import { CONTROL_MESSAGE_BYTES_MAX } from '../../src/limits.ts'
import { concatBytes, toHex } from '../../src/wire/bytes.ts'
import { decodeFrame, encodeFrame, encodeInner, packBatches } from '../../src/wire/codec.ts'
import {
  MESSAGES,
  type Message,
  type MessageName,
  type OperationId,
  type TopicId,
} from '../../src/wire/messages.ts'
import type { SeededRandom } from '../gossip/seeded.ts'
import { sign } from '../link/stand-ins.ts'
import { MESSAGE_NAMES, sampleMessage } from '../wire/samples.ts'

export const WAYS = [
  'field',
  'fields',
  'flip bits',
  'truncate',
  'extend',
  'splice',
  'replay',
  'reflect',
  'wrong batch',
  'wrong channel',
] as const
export type Way = (typeof WAYS)[number]

/** Of a hundred, so that most frames are well formed: the malformed end a link before anything deeper is reached. */
const SHARES: Readonly<Record<Way, number>> = {
  field: 50,
  fields: 22,
  replay: 12,
  reflect: 8,
  'flip bits': 3,
  truncate: 1,
  extend: 1,
  splice: 1,
  'wrong batch': 1,
  'wrong channel': 1,
}

export interface Mutant {
  readonly way: Way
  readonly name: MessageName
  readonly channel: Channel
  /** A channel message. */
  readonly bytes: Uint8Array
}

/** Bytes of a batch that is too long. */
const TOO_LONG = CONTROL_MESSAGE_BYTES_MAX + 1
/** One of so many mutated fields is at or beyond what its field allows, which mostly makes the frame malformed. */
const WILD_ONE_OF = 10
/** Frames remembered per message type. */
const REMEMBERED_MAX = 64
/** Samples per message type that mutations begin with. */
const SAMPLES = 32

/** What mutated fields may be taken from, so that they mean something to the victim. */
export interface Pools {
  readonly networkId: string
  readonly contacts: Contact[]
  /** 32 hexadecimal digits: topics, operations, ids of messages. */
  readonly names: string[]
  /** 64 hexadecimal digits: keys and peers, the victim first. */
  readonly keys: string[]
}

export class Mutator {
  readonly #random: SeededRandom
  readonly #pools: Pools
  readonly #honest = new Map<MessageName, Uint8Array[]>()
  readonly #victims = new Map<MessageName, Uint8Array[]>()
  readonly #samples = new Map<MessageName, readonly Message[]>()
  #counter = 0

  constructor(random: SeededRandom, pools: Pools) {
    this.#random = random
    this.#pools = pools
  }

  /** A frame that honest peers sent to the victim, or the victim to others. */
  remember(frame: Uint8Array, byVictim: boolean): void {
    const name = decodeFrame(frame)?.message.type
    if (name === undefined) return
    const map = byVictim ? this.#victims : this.#honest
    const frames = map.get(name) ?? []
    map.set(name, frames)
    if (frames.length < REMEMBERED_MAX) frames.push(frame)
    else frames[this.#random.below(REMEMBERED_MAX)] = frame
  }

  /** A damaged message of this type; of any layer: routed ones come inside ROUTE and ROUTE_REPLY. */
  mutant(name: MessageName, author: Contact): Mutant {
    const way = this.#way()
    const frame = this.#damaged(way, name, author)
    if (way === 'wrong channel')
      return { way, name, channel: name === 'DATA' ? 'control' : 'bulk', bytes: frame }
    if (name === 'DATA' && this.#random.below(2) === 0) return { way, name, channel: 'bulk', bytes: frame }
    const bytes = way === 'wrong batch' ? this.#wrongBatch(frame) : batchOf(frame)
    return { way, name, channel: 'control', bytes }
  }

  /** The message of a sealed body, damaged. */
  sealed(): Uint8Array {
    const message = this.#sample('SIGNAL_BODY')
    const bytes = encodeInner(this.#random.below(8) === 0 ? message : this.#changed(message, 1))
    return this.#random.below(8) === 0 ? this.#flipped(bytes) : bytes
  }

  #way(): Way {
    let at = this.#random.below(100)
    for (const way of WAYS) {
      at -= SHARES[way]
      if (at < 0) return way
    }
    return 'field'
  }

  #damaged(way: Way, name: MessageName, author: Contact): Uint8Array {
    const remembered = this.#pick((way === 'reflect' ? this.#victims : this.#honest).get(name) ?? [])
    switch (way) {
      case 'replay':
      case 'reflect':
        return remembered ?? this.#frame(this.#message(name), author)
      case 'field':
        return this.#frame(this.#changed(this.#message(name), 1), author)
      case 'fields':
        return this.#frame(this.#changed(this.#message(name), 3), author)
      case 'flip bits':
        return this.#flipped(this.#frame(this.#message(name), author))
      case 'truncate': {
        const frame = this.#frame(this.#message(name), author)
        return frame.subarray(0, 4 + this.#random.below(Math.max(1, frame.length - 4)))
      }
      case 'extend':
        return concatBytes(
          this.#frame(this.#message(name), author),
          this.#random.bytes(1 + this.#random.below(40)),
        )
      case 'splice': {
        const [one, other] = [name, this.#pick(MESSAGE_NAMES) as MessageName].map((of) =>
          this.#frame(this.#message(of), author),
        ) as [Uint8Array, Uint8Array]
        const cut = 4 + this.#random.below(Math.min(one.length, other.length) - 3)
        return concatBytes(one.subarray(0, cut), other.subarray(cut))
      }
      default:
        return this.#frame(this.#message(name), author)
    }
  }

  /** A valid message whose fields mean something: what an honest peer said, or a sample filled from the pools. */
  #message(name: MessageName): Message {
    const frames = this.#honest.get(name) ?? []
    const honest = this.#random.below(3) === 0 ? this.#pick(frames) : undefined
    if (honest !== undefined) return decodeFrame(honest)?.message as Message
    return this.#changed(this.#sample(name), 2, false)
  }

  /** Routed and sealed messages travel inside another; gossip of the attacker's own is signed as it should be. */
  #frame(message: Message, author: Contact): Uint8Array {
    const ttl = this.#random.below(3) === 0 ? this.#random.below(256) : 20
    const { layer } = MESSAGES[message.type]
    if (layer === 'link') {
      const frame = encodeFrame(message, ttl, this.#random.below(10) === 0 ? 1 : 0)
      return message.type === 'GOSSIP' && this.#random.below(2) === 0
        ? this.#signed(message, author, ttl)
        : frame
    }
    const inner = layer === 'sealed' ? this.#random.bytes(60) : encodeInner(message)
    const carrier = this.#random.below(6) === 0 ? 'ROUTE_REPLY' : 'ROUTE'
    const outer = this.#sample(carrier)
    if (outer.type === 'ROUTE' && this.#random.below(6) !== 0) {
      const operation = toHex(this.#random.bytes(16)) as OperationId
      const target = this.#pools.keys[0] as Key
      return encodeFrame({ ...outer, operation, mode: 1, target, visited: [], via: [], inner }, 20)
    }
    return encodeFrame({ ...this.#changed(outer, 3, false), inner } as Message, ttl)
  }

  #signed(message: Message & { type: 'GOSSIP' }, author: Contact, ttl: number): Uint8Array {
    this.#counter += 1
    const signature = new Uint8Array(64)
    const topic = this.#pools.names[0] as TopicId
    const draft = encodeFrame({ ...message, topic, author, counter: this.#counter, signature }, ttl)
    const domain = gossipDomain(this.#pools.networkId)
    return sealFrame(draft, sign(author.signingKey, signedBytes(domain, draft)))
  }

  /** With other values in so many fields: from the pools, or (`wild`) at and beyond what the field allows. */
  #changed(message: Message, count: number, wild = true): Message {
    const changed: Record<string, unknown> = { ...message }
    const names = Object.keys(MESSAGES[message.type].fields)
    for (let i = 0; i < count; i++) {
      const name = this.#pick(names) as string
      changed[name] = this.#value(changed[name], wild)
    }
    return changed as unknown as Message
  }

  #value(value: unknown, wild: boolean): unknown {
    const isWild = wild && this.#random.below(WILD_ONE_OF) === 0
    if (typeof value === 'number') return this.#number(value, isWild)
    if (typeof value === 'boolean') return !value
    if (typeof value === 'string') return this.#text(value, isWild)
    if (value instanceof Uint8Array) return this.#bytes(value, isWild)
    if (Array.isArray(value)) return this.#list(value, isWild)
    if (isContact(value)) return this.#pick(this.#pools.contacts)
    const entries = Object.entries(value as object)
    const [chosen] = this.#pick(entries.filter(([key]) => key !== 'kind')) ?? ['']
    return Object.fromEntries(
      entries.map(([key, field]) => [key, key === chosen ? this.#value(field, wild) : field]),
    )
  }

  #number(value: number, isWild: boolean): number {
    const options = isWild
      ? [0, 1, 0x7f, 0xff, 0xffff, 0xffff_ffff, 2 ** 53 - 1]
      : [value, value ^ 1, 0, 1, 2, 20]
    return this.#pick(options) as number
  }

  #text(value: string, isWild: boolean): string {
    if (/^[0-9a-f]+$/.test(value)) {
      const pool = value.length === 32 ? this.#pools.names : value.length === 64 ? this.#pools.keys : []
      return (isWild ? undefined : this.#pick(pool)) ?? toHex(this.#random.bytes(value.length >> 1))
    }
    return isWild ? 'ü'.repeat(this.#random.below(120)) : `wss://example.org/${this.#random.below(50)}`
  }

  #bytes(value: Uint8Array, isWild: boolean): Uint8Array {
    if (value.length === 64 || value.length === 32 || value.length === 16)
      return this.#random.bytes(value.length)
    return this.#random.bytes(
      this.#random.below(isWild ? CONTROL_MESSAGE_BYTES_MAX >> this.#random.below(8) : 64),
    )
  }

  #list(values: readonly unknown[], isWild: boolean): unknown[] {
    const item =
      values[0] ??
      (this.#random.below(2) === 0 ? this.#pick(this.#pools.contacts) : this.#pick(this.#pools.keys))
    if (values.length === 0) return []
    const length = this.#pick(isWild ? [0, 8, 24, 40, 41, 256, 257, 513] : [0, 1, 2, 3, 8]) as number
    return Array.from({ length }, () => this.#value(item, false))
  }

  #flipped(frame: Uint8Array): Uint8Array {
    const flipped = frame.slice()
    for (let i = 0; i <= this.#random.below(8); i++) {
      const at = this.#random.below(flipped.length)
      flipped[at] = (flipped[at] as number) ^ (1 << this.#random.below(8))
    }
    return flipped
  }

  #wrongBatch(frame: Uint8Array): Uint8Array {
    const batch = batchOf(frame)
    switch (this.#random.below(5)) {
      case 0:
        return batch.subarray(0, Math.max(1, batch.length - 1 - this.#random.below(4)))
      case 1:
        return concatBytes(batch, Uint8Array.of(0))
      case 2:
        return concatBytes(batch, Uint8Array.of(0, 0))
      case 3:
        return this.#random.bytes(this.#random.below(40))
      default:
        return concatBytes(...Array.from({ length: Math.ceil(TOO_LONG / batch.length) }, () => batch))
    }
  }

  #sample(name: MessageName): Message {
    const known = this.#samples.get(name)
    if (known !== undefined) return this.#pick(known) as Message
    const samples = Array.from({ length: SAMPLES }, () => sampleMessage(name, () => this.#random.u32()))
    this.#samples.set(name, samples)
    return this.#pick(samples) as Message
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#random.below(from.length)]
  }
}

function batchOf(frame: Uint8Array): Uint8Array {
  return packBatches([frame])[0] as Uint8Array
}

function isContact(value: unknown): value is Contact {
  return typeof value === 'object' && value !== null && 'exchangeKey' in value
}
