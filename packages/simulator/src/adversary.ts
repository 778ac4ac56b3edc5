// A peer that does not keep to the protocol: the real one inside, with what it says and hears changed on the way. It links,
// stores and acknowledges like anybody else, which is what makes it dangerous; what it breaks is what it does for others.

import type { Contact, Effect, Input, LinkId, Millis, PeerId, PeerSnapshot } from '@hyphae/core'
import {
  decodeFrame,
  decodeInner,
  encodeFrame,
  encodeInner,
  type Frame,
  MESSAGES,
  type MessageOf,
  packBatches,
  splitBatch,
} from '@hyphae/core/wire'
import type { DrivenPeer } from './host.ts'
import type { SeededRandom } from './random.ts'

/**
 * *drop*: acknowledges what it should hand on, keeps promises of copies, and hands on nothing. *lie*: says that all its links
 * are next door, changes values and messages on their way, and says of everything else that nobody has it. *misroute*: hands on
 * to anybody but the right one.
 */
export const BEHAVIOURS = ['drop', 'lie', 'misroute'] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

/** Operations of others that are remembered; the oldest are forgotten first. */
const REMEMBERED_MAX = 4_096

type Routed = MessageOf<'ROUTE'> | MessageOf<'ROUTE_ACK'> | MessageOf<'ROUTE_NACK'> | MessageOf<'ROUTE_REPLY'>

/** Of one way of one operation that somebody else began. */
interface Foreign {
  readonly from: LinkId
  /** Where it should have gone, and where it went. */
  meant: LinkId
  actual: LinkId
}

const { ROUTE, ROUTE_ACK, ROUTE_NACK, ROUTE_REPLY, GOSSIP, PEER_EXCHANGE } = MESSAGES
const WATCHED_TYPES: ReadonlySet<number> = new Set(
  [ROUTE, ROUTE_ACK, ROUTE_NACK, ROUTE_REPLY, GOSSIP, PEER_EXCHANGE].map(({ type }) => type),
)

export class Adversary implements DrivenPeer {
  readonly #inner: DrivenPeer
  readonly #self: PeerId
  readonly #behaviour: Behaviour
  readonly #random: SeededRandom
  readonly #foreignByRoute = new Map<string, Foreign>()
  readonly #links: LinkId[] = []
  /** Until then it keeps to the protocol, to be let in. */
  isAwake = true
  /** Frames dropped, changed or sent astray. */
  misdeeds = 0

  constructor(inner: DrivenPeer, contact: Contact, behaviour: Behaviour, random: SeededRandom) {
    this.#inner = inner
    this.#self = contact.id
    this.#behaviour = behaviour
    this.#random = random
  }

  snapshot(now: Millis): PeerSnapshot {
    return this.#inner.snapshot(now)
  }

  tables(): Readonly<Record<string, number>> {
    return this.#inner.tables()
  }

  check(): string[] {
    return this.#inner.check()
  }

  handle(input: Input, now: Millis, out: Effect[]): void {
    const effects: Effect[] = []
    if (input.type === 'link-opened') this.#links.push(input.link)
    if (input.type === 'link-closed') remove(this.#links, input.link)
    if (input.type === 'link-received' && input.channel === 'control')
      for (const heard of this.#hear(input)) this.#inner.handle(heard, now, effects)
    else this.#inner.handle(input, now, effects)
    for (const effect of effects) {
      if (effect.type === 'send' && effect.channel === 'control') this.#speak(effect, out)
      else out.push(effect)
    }
  }

  /** Remembers whose operations these are; answers from where a message was sent astray seem to come from where it belonged. */
  #hear(input: Input & { type: 'link-received' }): (Input & { type: 'link-received' })[] {
    const frames = splitBatch(input.bytes)
    if (frames === null || !frames.some(isWatched)) return [input]
    return frames.map((bytes) => {
      const message = decodeFrame(bytes)?.message
      const isRouted = message?.type.startsWith('ROUTE') ?? false
      const link = isRouted ? this.#linkOf(message as Routed, input.link) : input.link
      return { ...input, link, bytes: packBatches([bytes])[0] as Uint8Array }
    })
  }

  #linkOf(message: Routed, from: LinkId): LinkId {
    const id = `${message.operation}/${message.path}`
    const foreign = this.#foreignByRoute.get(id)
    if (message.type !== 'ROUTE') return foreign?.actual === from ? foreign.meant : from
    if (foreign === undefined) this.#remember(id, { from, meant: -1, actual: -1 })
    return from
  }

  #remember(id: string, foreign: Foreign): void {
    this.#foreignByRoute.set(id, foreign)
    if (this.#foreignByRoute.size <= REMEMBERED_MAX) return
    for (const oldest of this.#foreignByRoute.keys()) {
      this.#foreignByRoute.delete(oldest)
      return
    }
  }

  /** Says what the peer said, except for what is done for others. */
  #speak(effect: Effect & { type: 'send' }, out: Effect[]): void {
    const frames = splitBatch(effect.bytes)
    if (frames === null || !this.isAwake || !frames.some(isWatched)) {
      out.push(effect)
      return
    }
    for (const bytes of frames) {
      const said = isWatched(bytes) ? this.#change(effect.link, decodeFrame(bytes)) : null
      if (said !== null) this.misdeeds += 1
      for (const { link, frame } of said ?? [{ link: effect.link, frame: bytes }])
        for (const batch of packBatches([frame])) out.push({ ...effect, link, bytes: batch })
    }
  }

  /** What is said instead, or null where the frame may go as it is. */
  #change(link: LinkId, frame: Frame | null): Said[] | null {
    if (frame === null) return null
    const { message } = frame
    if (message.type === 'GOSSIP') return this.#changeGossip(link, frame, message)
    if (message.type === 'PEER_EXCHANGE') return this.#changeDelays(link, message)
    if (message.type === 'ROUTE_ACK') return null
    const routed = message as Routed
    const foreign = this.#foreignByRoute.get(`${routed.operation}/${routed.path}`)
    if (foreign === undefined) return null
    if (this.#behaviour === 'drop') return drops(routed) ? [] : null
    if (this.#behaviour === 'lie') return lie(link, foreign, frame, routed)
    return this.#misroute(link, foreign, frame, routed)
  }

  #changeGossip(link: LinkId, { ttl, flags }: Frame, message: MessageOf<'GOSSIP'>): Said[] | null {
    if (message.author.id === this.#self || this.#behaviour === 'misroute') return null
    if (this.#behaviour === 'drop') return []
    return [{ link, frame: encodeFrame({ ...message, payload: forged(message.payload) }, ttl, flags) }]
  }

  #changeDelays(link: LinkId, message: MessageOf<'PEER_EXCHANGE'>): Said[] | null {
    if (this.#behaviour !== 'lie' || message.linked.length === 0) return null
    return [{ link, frame: encodeFrame({ ...message, delays: new Uint8Array(message.linked.length) }) }]
  }

  #misroute(link: LinkId, foreign: Foreign, frame: Frame, message: Routed): Said[] | null {
    if (message.type !== 'ROUTE') return null
    const others = this.#links.filter((other) => other !== link && other !== foreign.from)
    if (others.length === 0) return null
    foreign.meant = link
    foreign.actual = this.#random.pick(others)
    return [{ link: foreign.actual, frame: frame.bytes }]
  }
}

interface Said {
  readonly link: LinkId
  readonly frame: Uint8Array
}

function isWatched(frame: Uint8Array): boolean {
  return WATCHED_TYPES.has(frame[1] as number)
}

/** Promises of copies are kept: whoever makes them is trusted with the record. */
function drops(message: Routed): boolean {
  return message.type !== 'ROUTE_REPLY' || message.inner[0] !== MESSAGES.STORED.type
}

function lie(link: LinkId, foreign: Foreign, { ttl }: Frame, message: Routed): Said[] | null {
  if (message.type === 'ROUTE_REPLY') {
    const inner = decodeInner(message.inner, 'routed')
    if (inner?.type !== 'VALUE') return null
    const record = { ...inner.record, value: forged(inner.record.value) }
    return [{ link, frame: encodeFrame({ ...message, inner: encodeInner({ ...inner, record }) }, ttl) }]
  }
  if (message.type !== 'ROUTE' || message.inner[0] !== MESSAGES.GET.type) return null
  // Back to whoever asked: nobody further on has it, and the budget is spent.
  const { operation, path } = message
  const nack = { type: 'ROUTE_NACK', operation, path, hopsLeft: 0, visited: [] } as const
  return [{ link: foreign.from, frame: encodeFrame(nack) }]
}

function forged(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice()
  if (changed.length > 0) changed[0] = (changed[0] as number) ^ 1
  return changed
}

function remove(links: LinkId[], link: LinkId): void {
  const index = links.indexOf(link)
  if (index >= 0) links.splice(index, 1)
}
