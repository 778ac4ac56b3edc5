import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LinkId } from '../../src/contract.ts'
import { topicHash } from '../../src/identity/network-id.ts'
import { contentKey } from '../../src/identity/peer-id.ts'
import { OFFERS_PER_IDENTITY_PER_MINUTE } from '../../src/limits.ts'
import type { GetResult } from '../../src/peer/calls.ts'
import { brokenInPeer } from '../../src/peer/invariants.ts'
import { outOfBounds } from '../../src/peer/table-bounds.ts'
import { toHex, utf8 } from '../../src/wire/bytes.ts'
import { type Frame, splitBatch } from '../../src/wire/codec.ts'
import { MESSAGES, type Message, type MessageName } from '../../src/wire/messages.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { contactNumber, seal } from '../link/stand-ins.ts'
import { MESSAGE_NAMES } from '../wire/samples.ts'
import { Attacker } from './attacker.ts'
import { INTRODUCER, NETWORK_ID, PeerNetwork, type PeerNode } from './harness.ts'
import { Mutator, type Pools } from './mutations.ts'

/** What the victim has decoded while it handled an input, by type; `null` for what was malformed. */
const decoded = vi.hoisted(() => ({ isCounting: false, byName: new Map<string | null, number>() }))

vi.mock('../../src/wire/codec.ts', async (original) => {
  const codec = await original<typeof import('../../src/wire/codec.ts')>()
  const count = (name: string | null) => {
    if (decoded.isCounting) decoded.byName.set(name, (decoded.byName.get(name) ?? 0) + 1)
  }
  const counted = (decode: (bytes: Uint8Array) => Frame | null) => (bytes: Uint8Array) => {
    const frame = decode(bytes)
    count(frame?.message.type ?? null)
    return frame
  }
  return {
    ...codec,
    decodeFrame: counted(codec.decodeFrame),
    decodeBulkFrame: counted(codec.decodeBulkFrame),
    decodeInner: (bytes: Uint8Array, layer: 'routed' | 'sealed'): Message | null => {
      const message = codec.decodeInner(bytes, layer)
      count(message?.type ?? null)
      return message
    },
  }
})

const FRAMES = 100_000
const TOPIC = toHex(topicHash(NETWORK_ID, 'chat').subarray(0, 16))
/** Names of topics, operations and messages that frames are filled with. */
const NAMES = 24
const LINKS_MAX = 20
/** One of so many attackers comes back after it was thrown out. */
const STUBBORN_ONE_OF = 12
/** Milliseconds between two offers: more would be a flood, which has a test of its own. */
const OFFER_EVERY_MS = 510
/** Frames between two looks at the honest part of the network. */
const LOOK_EVERY = 5_000

/** Routed messages twice, for not all of them arrive; BYE half as often, for it ends the link. */
const NAMES_DRAWN = MESSAGE_NAMES.flatMap((name) => {
  if (name === 'BYE') return [name]
  return MESSAGES[name].layer === 'routed' ? [name, name, name, name] : [name, name]
})

class Siege {
  readonly network = new PeerNetwork()
  readonly random: SeededRandom
  readonly mutator: Mutator
  readonly victim: PeerNode
  readonly friends: readonly [PeerNode, PeerNode]
  readonly pools: Pools
  frames = { before: 0, after: 0, signals: 0 }
  readonly framesByWay = new Map<string, number>()
  goodbyes = new Map<string, number>()
  identities = 0
  sessions = 0
  looks = 0
  lowest = 100
  readonly #linkByAttempt = new Map<string, LinkId>()
  #nextLook = LOOK_EVERY

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.victim = this.network.add(contactNumber(1), { linksMax: LINKS_MAX })
    this.friends = [this.network.add(contactNumber(2)), this.network.add(contactNumber(3))]
    this.pools = {
      networkId: NETWORK_ID,
      contacts: [this.victim, ...this.friends, ...this.friends, ...this.friends].map(
        ({ contact }) => contact,
      ),
      names: Array.from({ length: NAMES }, () => toHex(this.random.bytes(16))).with(0, TOPIC),
      keys: [this.victim.id, this.friends[0].id, contentKey(utf8('value 0')), toHex(this.random.bytes(32))],
    }
    this.mutator = new Mutator(this.random, this.pools)
    this.#watch()
    this.network.until(() => this.victim.linked().length === 2 && this.friends[0].linked().length === 2)
    for (const peer of [this.victim, ...this.friends]) peer.call({ type: 'subscribe', topic: 'chat' })
    this.network.run(2_000)
    this.look()
  }

  get sent(): number {
    return this.frames.before + this.frames.after
  }

  /** Remembers what honest peers say to the victim and it to them, and counts what it decodes. */
  #watch(): void {
    const { victim, mutator } = this
    const perform = this.network.links.perform.bind(this.network.links)
    this.network.links.perform = (owner, effect) => {
      if (effect.type === 'send' && effect.channel === 'control' && !(owner instanceof Attacker)) {
        for (const frame of splitBatch(effect.bytes) ?? []) mutator.remember(frame, owner === victim)
      }
      perform(owner, effect)
    }
    const deliver = victim.deliver.bind(victim)
    victim.deliver = (input) => {
      if (input.type === 'link-opened') this.#linkByAttempt.set(input.attempt, input.link)
      decoded.isCounting = true
      deliver(input)
      decoded.isCounting = false
    }
  }

  newcomer(): Attacker {
    this.identities += 1
    const attacker = new Attacker(this.network, contactNumber(10_000 + this.identities), this.victim)
    this.pools.contacts[3 + (this.identities % 4)] = attacker.contact
    return attacker
  }

  /** One connection with frames before the handshake, between HELLO and PROOF, or before the proof is verified. */
  before(): void {
    const attacker = this.newcomer()
    attacker.isSilent = true
    const link = this.open(attacker)
    if (link === null) return
    const phase = this.random.below(3)
    const { helloFrame } = attacker.handshake!
    const count = 1 + this.random.below(150)
    if (phase > 0) this.give(link, helloFrame)
    if (phase > 1) this.give(link, attacker.proof())
    for (let i = 0; i < count; i++) this.attack(attacker, link)
    this.frames.before += count
    this.network.run(40)
    this.part(attacker)
  }

  /** A connection of a new identity, until it is thrown out; some come back until they are banned. */
  after(): void {
    const identity = this.newcomer()
    const connections = this.identities % STUBBORN_ONE_OF === 0 ? OFFERS_PER_IDENTITY_PER_MINUTE : 1
    for (let i = 0; i < connections; i++) {
      const attacker = i === 0 ? identity : new Attacker(this.network, identity.contact, this.victim)
      const link = this.open(attacker)
      if (link === null) return this.tally(attacker)
      this.network.run(60)
      while (this.isLinked(attacker)) this.burst(attacker, link)
      this.tally(attacker)
      this.part(attacker)
      if (attacker.goodbye === 'banned') return
    }
  }

  burst(attacker: Attacker, link: LinkId): void {
    for (let i = 0; i < 20 && this.isLinked(attacker); i++) {
      this.attack(attacker, link)
      this.frames.after += 1
    }
    for (const { message } of attacker.heard.splice(0)) this.learn(message)
    this.signal(attacker)
    const score = this.victim.peer.machines.links.standing.scoreOf(attacker.contact.id, this.network.now)
    this.lowest = Math.min(this.lowest, score)
    this.network.run(25)
  }

  attack(attacker: Attacker, link: LinkId): void {
    const name = NAMES_DRAWN[this.random.below(NAMES_DRAWN.length)] as MessageName
    const { way, channel, bytes } = this.mutator.mutant(name, attacker.contact)
    this.framesByWay.set(way, (this.framesByWay.get(way) ?? 0) + 1)
    this.victim.deliver({ type: 'link-received', link, channel, bytes })
  }

  /** A sealed signal as well: its body is damaged, its seal is not. */
  signal({ contact }: Attacker): void {
    const bytes = seal(contact, this.victim.contact, this.mutator.sealed())
    this.victim.deliver({ type: 'signal', via: INTRODUCER, from: contact, bytes })
    this.frames.signals += 1
  }

  /** Operations and ids that the victim has named mean more to it than invented ones. */
  learn(message: Message): void {
    const name =
      'operation' in message ? message.operation : message.type === 'IHAVE' ? message.ids[0] : undefined
    if (name !== undefined) this.pools.names[1 + this.random.below(NAMES - 1)] = name
  }

  open(attacker: Attacker): LinkId | null {
    this.sessions += 1
    attacker.dial()
    this.network.run(OFFER_EVERY_MS)
    return this.#linkByAttempt.get(attacker.attempt) ?? null
  }

  give(link: LinkId, frame: Uint8Array): void {
    const bytes = Uint8Array.of(frame.length >> 8, frame.length & 0xff, ...frame)
    this.victim.deliver({ type: 'link-received', link, channel: 'control', bytes })
  }

  isLinked({ contact }: Attacker): boolean {
    return this.victim.peer.machines.links.roster.primaryOf(contact.id)?.isUsable === true
  }

  part({ link }: Attacker): void {
    if (link !== null) this.network.links.close(link)
    if (this.sent < this.#nextLook) return
    this.#nextLook += LOOK_EVERY
    this.look()
  }

  tally({ goodbye }: Attacker): void {
    this.goodbyes.set(`${goodbye}`, (this.goodbyes.get(`${goodbye}`) ?? 0) + 1)
  }

  /** The honest part of the network is as it was, and works. */
  look(): void {
    this.looks += 1
    const { victim, friends } = this
    const [friend] = friends
    const value = utf8(`value ${this.looks}`)
    expect(outOfBounds(victim.tables(), LINKS_MAX)).toEqual([])
    expect(brokenInPeer(victim.peer.machines)).toEqual([])
    expect(friend.outcome({ type: 'put', draft: { kind: 'immutable', value } })).toHaveProperty('value')
    const got = victim.outcome({ type: 'get', name: { kind: 'immutable', key: contentKey(value) } })
    expect('value' in got && (got.value as GetResult).record.value).toEqual(value)
    const heard = victim.eventsOf('message').length
    friend.outcome({ type: 'publish', topic: 'chat', payload: value, deadlineMs: 1_000 })
    this.network.run(500)
    expect(victim.eventsOf('message').slice(heard)).toContainEqual(
      expect.objectContaining({ from: friend.id, payload: value }),
    )
    for (const peer of friends) {
      const seen = victim.snapshot().links.find((link) => link.peer === peer.id)
      expect(seen).toMatchObject({ state: 'open', score: 100 })
      expect(leaves(victim, peer) + leaves(peer, victim)).toBe(0)
      expect(peer.snapshot().links.find((link) => link.peer === victim.id)?.score).toBe(100)
    }
    victim.events.splice(0, victim.events.length - 10)
  }
}

function leaves(peer: PeerNode, other: PeerNode): number {
  return peer.eventsOf('peer-left').filter((event) => event.peer === other.id).length
}

afterEach(() => {
  decoded.byName.clear()
})

describe('hostile input', () => {
  it('[WR3] 100,000 damaged frames: nothing throws, nothing grows, honest links are kept, and whoever sends them is banned', () => {
    const siege = new Siege(20_251_121)
    while (siege.frames.after < FRAMES / 2) siege.after()
    while (siege.frames.before < FRAMES / 2) siege.before()
    siege.look()
    report(siege)
    expect(siege.lowest).toBeLessThanOrEqual(0)
    expect(siege.goodbyes.get('banned')).toBeGreaterThan(40)
    for (const name of MESSAGE_NAMES)
      expect([name, decoded.byName.get(name) ?? 0]).toEqual([
        name,
        expect.toSatisfy((count: number) => count >= 1_000),
      ])
  }, 120_000)
})

function report(siege: Siege): void {
  const { frames, sessions, identities, looks, goodbyes, framesByWay, victim } = siege
  const lines = {
    frames,
    sessions,
    identities,
    looks,
    goodbyes: Object.fromEntries(goodbyes),
    ways: Object.fromEntries(framesByWay),
    decoded: Object.fromEntries([...decoded.byName].map(([name, count]) => [name ?? 'malformed', count])),
    offences: victim.snapshot().traffic.offences,
    tables: victim.tables(),
  }
  console.info(JSON.stringify(lines, null, 1))
}
