// What a liar has heard, and what it makes of it: messages in which something else stands, in frames that are well formed.

import type { Contact, LinkId } from '@hyphae/core'
import {
  decodeFrame,
  decodeInner,
  encodeFrame,
  encodeInner,
  MESSAGES,
  type Message,
  type MessageName,
  toHex,
} from '@hyphae/core/wire'
import { drawContact } from './keyed-hash-crypto.ts'
import type { SeededRandom } from './random.ts'

/** Messages of each type, contacts, names and keys that are remembered: later ones take the places of earlier ones. */
const REMEMBERED_MAX = 64
/** Questions whose askers are remembered. */
const OPERATIONS_MAX = 4_096
/** Of a list, so many items are looked at. */
const LEARNED_MAX = 16
/** Contacts that nobody has: each costs work, so a liar has a few. */
const INVENTED = 16
const NAMES = Object.keys(MESSAGES) as MessageName[]
const LINK_NAMES = NAMES.filter((name) => MESSAGES[name].layer === 'link')
const ROUTED_NAMES = NAMES.filter((name) => MESSAGES[name].layer === 'routed')

export interface Heard {
  readonly link: LinkId
  readonly bytes: Uint8Array
}

export class Hearsay {
  readonly contacts: Contact[] = []
  /** 32 hexadecimal digits: operations, topics, ids of messages. */
  readonly names: string[] = []
  /** 64 hexadecimal digits: peers and keys. */
  readonly keys: string[] = []
  readonly #random: SeededRandom
  readonly #heardByName = new Map<MessageName, Heard[]>()

  /** Contacts that nobody has. */
  readonly nobody: Contact[] = []
  readonly #askerByOperation = new Map<string, LinkId>()

  constructor(random: SeededRandom) {
    this.#random = random
    for (let i = 0; i < INVENTED; i++) this.nobody.push(drawContact(random))
    this.#learn(this.nobody)
  }

  /** Over which link a question came; whoever answers there is not blamed. */
  askerOf(operation: string): LinkId | undefined {
    return this.#askerByOperation.get(operation)
  }

  /** Remembers a frame, what it names, and what it carries. */
  hear(link: LinkId, bytes: Uint8Array): Message | null {
    const message = decodeFrame(bytes)?.message ?? null
    if (message === null) return null
    if (message.type === 'ROUTE') this.#askerByOperation.set(message.operation, link)
    if (this.#askerByOperation.size > OPERATIONS_MAX)
      this.#askerByOperation.delete(this.#askerByOperation.keys().next().value as string)
    this.#remember(message, { link, bytes: bytes.slice() })
    const inner = carried(message)
    if (inner !== null) this.#remember(inner, { link, bytes: bytes.slice() })
    return message
  }

  /** A frame that was heard, any or of this type. */
  heard(name?: MessageName): Heard | null {
    const known = name ?? this.#random.pick([...this.#heardByName.keys(), 'PING' as const])
    const heard = this.#heardByName.get(known) ?? []
    return heard.length === 0 ? null : this.#random.pick(heard)
  }

  /** A frame like one that was heard, or of nobody's, with other values in some fields. */
  invented(): Uint8Array {
    const heard = this.#random.share() < 0.6 ? this.heard() : null
    const frame = heard === null ? null : decodeFrame(heard.bytes)
    if (frame !== null) return encodeFrame(this.changed(frame.message), frame.ttl, frame.flags)
    return encodeFrame(this.changed(this.#sample(this.#random.pick(LINK_NAMES))), this.#random.below(256))
  }

  /** The same message with other values in some fields, or in those of the message that it carries. */
  changed(message: Message): Message {
    const inner = carried(message)
    if (inner !== null && this.#random.share() < 0.5)
      return { ...message, inner: encodeInner(this.#changed(inner)) } as Message
    return this.#changed(message)
  }

  /** A message that could be carried. */
  routed(): Message {
    const name = this.#random.pick(ROUTED_NAMES)
    const heard = this.heard(name)
    const message = heard === null ? null : decodeFrame(heard.bytes)?.message
    return this.#changed((message && carried(message)) ?? this.#sample(name))
  }

  name(): string {
    return this.#random.share() < 0.1 || this.names.length === 0
      ? toHex(this.#random.bytes(16))
      : this.#random.pick(this.names)
  }

  key(): string {
    return this.#random.share() < 0.1 || this.keys.length === 0
      ? toHex(this.#random.bytes(32))
      : this.#random.pick(this.keys)
  }

  someContacts(max: number): Contact[] {
    return this.#random.sample(this.contacts, this.#random.below(max + 1))
  }

  #sample(name: MessageName): Message {
    const fields = Object.entries(MESSAGES[name].fields) as [
      string,
      { sample(next: () => number): unknown },
    ][]
    const values = fields.map(([field, { sample }]) => [field, sample(() => this.#random.u32())])
    const message = { type: name, ...Object.fromEntries(values) } as Record<string, unknown>
    for (const field of Object.keys(message))
      if (field !== 'type' && this.#random.share() < 0.7) message[field] = this.#value(message[field])
    return message as unknown as Message
  }

  #changed(message: Message): Message {
    const changed: Record<string, unknown> = { ...message }
    const names = Object.keys(MESSAGES[message.type].fields)
    if (names.length === 0) return message
    for (let i = this.#random.below(3); i >= 0; i--) {
      const name = this.#random.pick(names)
      changed[name] = this.#value(changed[name])
    }
    return changed as unknown as Message
  }

  #value(value: unknown): unknown {
    if (typeof value === 'number') return this.#random.pick([value, value ^ 1, 0, 1, 2, value + 1])
    if (typeof value === 'boolean') return !value
    if (typeof value === 'string') return this.#text(value)
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (Array.isArray(value)) return this.#list(value)
    if (isContact(value)) return this.#random.pick(this.contacts)
    const entries = Object.entries(value as object).filter(([key]) => key !== 'kind')
    if (entries.length === 0) return value
    const [key, field] = this.#random.pick(entries)
    return { ...(value as object), [key]: this.#value(field) }
  }

  #text(value: string): string {
    if (/^[0-9a-f]*$/.test(value)) {
      if (value.length === 32) return this.name()
      if (value.length === 64) return this.key()
      return toHex(this.#random.bytes(value.length >> 1))
    }
    return `wss://example.org/${this.#random.below(50)}`
  }

  #bytes(value: Uint8Array): Uint8Array {
    const isFixed = value.length === 64 || value.length === 32 || value.length === 16
    if (isFixed) return this.#random.bytes(value.length)
    const changed = value.slice(0, this.#random.share() < 0.5 ? value.length : this.#random.below(200))
    if (changed.length > 0) changed[this.#random.below(changed.length)] = this.#random.below(256)
    return changed
  }

  #list(values: readonly unknown[]): unknown[] {
    const item = values[0] ?? null
    if (item === null) return []
    const length = this.#random.pick([0, 1, 2, values.length, 8, 24])
    return Array.from({ length }, (_, index) =>
      this.#random.share() < 0.5 ? this.#value(item) : (values[index] ?? this.#value(item)),
    )
  }

  #remember(message: Message, heard: Heard): void {
    const known = this.#heardByName.get(message.type) ?? []
    this.#heardByName.set(message.type, known)
    this.#keep(known, heard)
    this.#learn(message)
  }

  #learn(value: unknown): void {
    if (typeof value === 'string') {
      if (/^[0-9a-f]{32}$/.test(value)) this.#keep(this.names, value)
      if (/^[0-9a-f]{64}$/.test(value)) this.#keep(this.keys, value)
    } else if (isContact(value)) {
      this.#keep(this.contacts, value)
      this.#keep(this.keys, value.id)
    } else if (Array.isArray(value)) for (const item of value.slice(0, LEARNED_MAX)) this.#learn(item)
    else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
      for (const field of Object.values(value)) this.#learn(field)
  }

  #keep<T>(items: T[], item: T): void {
    if (items.length < REMEMBERED_MAX) items.push(item)
    else items[this.#random.below(REMEMBERED_MAX)] = item
  }
}

/** What a routed message or its answer carries. */
export function carried(message: Message): Message | null {
  return 'inner' in message ? decodeInner(message.inner, 'routed') : null
}

function isContact(value: unknown): value is Contact {
  return typeof value === 'object' && value !== null && 'exchangeKey' in value
}
