/** One Store with the world at hand: jobs are done at once, routes and timers wait for the test. */
import { sha256 } from '@noble/hashes/sha2.js'
import { foundSignedBytes } from '../../src/dht/found.ts'
import type { PeerRecord, RecordHeader } from '../../src/dht/record.ts'
import {
  ownedSignedBytes,
  recordKey,
  recordVersion,
  sharedNameHash,
  sharedSignedBytes,
} from '../../src/dht/record.ts'
import type { RouteEnd } from '../../src/dht/routed.ts'
import type { RouteMode } from '../../src/dht/router.ts'
import {
  Store,
  type StoreCall,
  type StoreEffect,
  type StoreInput,
  type StoreTimer,
} from '../../src/dht/store.ts'
import { NO_ORIGIN, storedSignedBytes } from '../../src/dht/stored-ack.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import type { RoutingView, Way } from '../../src/machine.ts'
import { closestOf, compareDistance } from '../../src/routing/distance.ts'
import { utf8 } from '../../src/wire/bytes.ts'
import type { Message, MessageOf, OperationId } from '../../src/wire/messages.ts'
import { contactNumber, isSigned, NETWORK_ID, sign } from './store-network.ts'

export type Route = StoreEffect & { type: 'route' }
export type EffectOf<T extends StoreEffect['type']> = StoreEffect & { readonly type: T }

export const DAY_MS = 24 * 60 * 60_000
export const SECOND_MS = 1_000

export class StoreBench implements RoutingView {
  now = 1_700_000_000_000
  readonly self: Contact
  readonly store: Store
  readonly disk = new Map<Key, { record: PeerRecord; header: RecordHeader }>()
  /** Everything but jobs, since the last `take`. */
  out: StoreEffect[] = []
  known: Contact[]
  /** Jobs wait in `held` instead of being done. */
  holdJobs = false
  readonly held: StoreEffect[] = []
  /** Nothing can be read, whatever is there. */
  isDiskBroken = false
  /** Milliseconds since our links were chosen. */
  settledMs = 60_000
  readonly unlinked = new Set<PeerId>()
  readonly viaByPeer = new Map<PeerId, PeerId>()
  readonly #timers: { at: number; timer: StoreTimer }[] = []
  #nextOp = 1
  #random = 1

  constructor(options: {
    peers: number
    replicas: number
    self?: number
    start?: readonly RecordHeader[]
    now?: number
    /** The first random number; those that follow are larger. */
    random?: number
    workBits?: number
  }) {
    this.now = options.now ?? this.now
    this.#random = options.random ?? 1
    this.self = contactNumber(options.self ?? 1_000)
    this.known = Array.from({ length: options.peers }, (_, index) => contactNumber(index))
    this.store = new Store(
      { self: this.self, networkId: NETWORK_ID, workBits: options.workBits ?? 0, replicas: options.replicas },
      this,
      {
        u32: () => this.#random++,
        bytes: (length) => sha256(utf8(`random ${this.#random++}`)).subarray(0, length),
      },
    )
    this.input({ type: 'start', recordIndex: options.start ?? [] })
  }

  /** What came of it, jobs and what follows them included. */
  input(input: StoreInput): StoreEffect[] {
    const before = this.out.length
    const effects: StoreEffect[] = []
    this.store.handle(input, this.now, effects)
    for (const effect of effects) this.#carry(effect)
    return this.out.slice(before)
  }

  call(call: StoreCall): number {
    const op = this.#nextOp++
    this.input({ type: 'call', op, call })
    return op
  }

  deliver(
    inner: Message,
    options: { from?: PeerId; mode?: RouteMode; operation?: OperationId; path?: number } = {},
  ): StoreEffect[] {
    const mode = options.mode ?? (inner.type === 'STORE' ? 'near' : inner.type === 'GET' ? 'any' : 'exact')
    const target =
      inner.type === 'STORE'
        ? recordKey(inner.record)
        : inner.type === 'GET'
          ? inner.key
          : keyOf(this.self.id)
    const route = { operation: options.operation ?? operationNumber(1), path: options.path ?? 0 }
    const from = options.from ?? contactNumber(0).id
    return this.input({ type: 'deliver', route, from, mode, target, inner })
  }

  reply(
    route: Route,
    inner: Message,
    options: { path?: number; last?: boolean; hops?: number; via?: PeerId } = {},
  ): StoreEffect[] {
    const { path = 0, last = true, hops = 3, via = contactNumber(0).id } = options
    return this.input({ type: 'reply', operation: route.operation, path, via, hops, inner, last })
  }

  ended(route: Route, reason: RouteEnd = 'exhausted'): StoreEffect[] {
    return this.input({ type: 'ended', operation: route.operation, reason })
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): StoreEffect[] {
    const before = this.out.length
    const until = this.now + ms
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers.splice(this.#timers.indexOf(next), 1)
      this.now = Math.max(this.now, next.at)
      this.input({ type: 'timer', timer: next.timer })
    }
    this.now = until
    return this.out.slice(before)
  }

  /** The effects of one type since the last `take`. */
  all<T extends StoreEffect['type']>(type: T): EffectOf<T>[] {
    return this.out.filter((effect): effect is EffectOf<T> => effect.type === type)
  }

  last<T extends StoreEffect['type']>(type: T): EffectOf<T> {
    const effect = this.all(type).at(-1)
    if (effect === undefined)
      throw new Error(`no ${type} among ${this.out.map((other) => other.type).join(' ')}`)
    return effect
  }

  take(): StoreEffect[] {
    return this.out.splice(0)
  }

  /** Routes that carry this message, since the last `take`. */
  routed<N extends Message['type']>(name: N): (Route & { readonly inner: MessageOf<N> })[] {
    return this.all('route').filter(
      (route): route is Route & { readonly inner: MessageOf<N> } => route.inner.type === name,
    )
  }

  answers<N extends Message['type']>(name: N): MessageOf<N>[] {
    return this.all('answer').flatMap(({ inner }) =>
      inner.type === name ? [inner as unknown as MessageOf<N>] : [],
    )
  }

  siblings(): readonly Contact[] {
    return this.closest(keyOf(this.self.id), 40)
  }

  /** New contacts come, and are siblings. */
  meet(...contacts: readonly Contact[]): StoreEffect[] {
    this.known = [...this.known, ...contacts]
    return this.input({ type: 'siblings-changed', added: contacts, gone: [] })
  }

  lose(...contacts: readonly Contact[]): StoreEffect[] {
    this.known = this.known.filter((contact) => !contacts.includes(contact))
    return this.input({ type: 'siblings-changed', added: [], gone: contacts.map(({ id }) => id) })
  }

  /** Known peers by distance to a key. */
  near(key: Key): readonly Contact[] {
    return this.closest(key, this.known.length)
  }

  linkedByDistance(target: Key): readonly PeerId[] {
    return this.near(target)
      .map(({ id }) => id)
      .filter((id) => this.isLinked(id))
  }

  isSelfCloser(target: Key, than: PeerId): boolean {
    return compareDistance(target, this.self.id, than) < 0
  }

  closest(target: Key, count: number): readonly Contact[] {
    return closestOf(target, this.known, count)
  }

  closestLinked(target: Key, count: number): readonly Contact[] {
    return this.closest(target, count)
  }

  isLinked(peer: PeerId): boolean {
    return this.known.some(({ id }) => id === peer) && !this.unlinked.has(peer)
  }

  settledForMs(): number {
    return this.settledMs
  }

  isDeparted(): boolean {
    return false
  }

  contactOf(peer: PeerId): Contact | null {
    return this.known.find(({ id }) => id === peer) ?? null
  }

  ways(): readonly Way[] {
    return []
  }

  viaOf(peer: PeerId): PeerId | null {
    return this.viaByPeer.get(peer) ?? null
  }

  linked(): readonly PeerId[] {
    return this.known.map(({ id }) => id).filter((id) => !this.unlinked.has(id))
  }

  /** Does a job that was held. */
  finish(job: StoreEffect): StoreEffect[] {
    if (job.type === 'verify') return this.input({ type: 'verified', token: job.token, valid: isSigned(job) })
    if (job.type === 'sign')
      return this.input({
        type: 'signed',
        token: job.token,
        signature: sign(this.self.signingKey, job.bytes),
      })
    if (job.type === 'load') {
      const record = this.isDiskBroken ? null : (this.disk.get(job.key)?.record ?? null)
      const result = { type: 'loaded', record, failed: this.isDiskBroken } as const
      return this.input({ ...result, token: job.token })
    }
    if (job.type !== 'store') return []
    return this.input({ type: 'stored', token: job.token, persisted: true })
  }

  #carry(effect: StoreEffect): void {
    if (effect.type === 'set-timer') this.#timers.push({ at: this.now + effect.afterMs, timer: effect.timer })
    if (effect.type === 'store') this.disk.set(effect.key, effect)
    if (effect.type === 'forget') this.disk.delete(effect.key)
    this.out.push(effect)
    if (!isJob(effect)) return
    if (this.holdJobs) this.held.push(effect)
    else this.finish(effect)
  }
}

function isJob(effect: StoreEffect): boolean {
  return ['verify', 'sign', 'load', 'store'].includes(effect.type)
}

export function operationNumber(number: number): OperationId {
  return `a1${number.toString(16).padStart(30, '0')}` as OperationId
}

export function immutable(text: string): PeerRecord & { kind: 'immutable' } {
  return { kind: 'immutable', value: utf8(text) }
}

export function owned(
  owner: Contact,
  sequence: number,
  text = `version ${sequence}`,
): PeerRecord & { kind: 'owned' } {
  const fields = { ownerKey: owner.signingKey, salt: utf8('salt'), sequence, value: utf8(text) }
  return { kind: 'owned', ...fields, signature: sign(owner.signingKey, ownedSignedBytes(fields)) }
}

export function shared(
  author: Contact,
  clock: number,
  options: { writers?: readonly PeerId[]; text?: string; name?: string } = {},
): PeerRecord & { kind: 'shared' } {
  const { writers = [], text = `clock ${clock}`, name = 'name' } = options
  const nameHash = sharedNameHash(NETWORK_ID, 'space', name)
  const fields = { nameHash, writers, clock, author, value: utf8(text) }
  return { kind: 'shared', ...fields, signature: sign(author.signingKey, sharedSignedBytes(fields)) }
}

/** A STORED as this holder would sign it for the operation. */
export function stored(
  operation: OperationId,
  holder: Contact,
  record: PeerRecord,
  options: { result?: number; wanted?: number; rank?: number } = {},
): MessageOf<'STORED'> {
  const version = recordVersion(record)
  const { result = 0, wanted = 0, rank = version.rank } = options
  const tie = version.tie.slice(0, 16).padEnd(16, '0')
  const claim = { type: 'STORED', key: recordKey(record), rank, tie, result, wanted } as const
  const unsigned = { ...claim, signature: new Uint8Array(64) }
  if (operation === NO_ORIGIN) return { ...unsigned, holder }
  const signature = sign(holder.signingKey, storedSignedBytes(operation, holder.id, unsigned))
  return { ...unsigned, holder, signature }
}

/** The answer to a FIND, signed; to another question, the signature of one. */
export function found(
  { operation, target, inner }: Pick<Route, 'operation' | 'target' | 'inner'>,
  responder: Contact,
  options: { contacts?: readonly Contact[]; holds?: boolean } = {},
): MessageOf<'FOUND'> {
  const { contacts = [], holds = false } = options
  const fields = { responder, contacts, degree: 8, holds }
  const question = { operation, ...(inner.type === 'FIND' ? inner : { target, what: 0 }) }
  return {
    type: 'FOUND',
    ...fields,
    signature: sign(responder.signingKey, foundSignedBytes(question, fields)),
  }
}

export function value(holder: Contact, record: PeerRecord, lifeSeconds = 3_600): MessageOf<'VALUE'> {
  return { type: 'VALUE', holder, lifeSeconds, record }
}

export function store(record: PeerRecord, wanted = 20, lifeSeconds = 86_400): MessageOf<'STORE'> {
  return { type: 'STORE', wanted, lifeSeconds, record }
}

export function replica(
  record: PeerRecord,
  options: { origin?: OperationId; lifeSeconds?: number } = {},
): MessageOf<'REPLICA'> {
  const { origin = operationNumber(1), lifeSeconds = 86_400 } = options
  return { type: 'REPLICA', origin, lifeSeconds, record }
}

export function head(key: Key): MessageOf<'GET'> {
  return { type: 'GET', key, head: true }
}

/** Contacts that no bench knows, each closer to the key than all of `than`; closest first. */
export function closeStrangers(key: Key, count: number, than: readonly Contact[]): Contact[] {
  STRANGERS ??= Array.from({ length: 2_000 }, (_, index) => contactNumber(5_000 + index))
  const strangers = closestOf(key, STRANGERS, count)
  const farthest = strangers.at(-1) as Contact
  if (than.every(({ id }) => compareDistance(key, farthest.id, id) < 0)) return strangers
  throw new Error('too few strangers for this key')
}
let STRANGERS: Contact[] | undefined

/** The header under which the record would be held. */
export function headerOf(record: PeerRecord, now: number, change: Partial<RecordHeader> = {}): RecordHeader {
  return {
    key: recordKey(record),
    kind: record.kind,
    version: recordVersion(record),
    valueBytes: record.value.length,
    storedAt: now,
    expiresAt: now + DAY_MS,
    own: false,
    ...change,
  }
}
