// A peer that says whatever comes to its mind, in frames that are well formed: the real one inside, and chance around it. It is
// not a clever attacker; what it breaks is for the scenario to say, and what it must not break for the checkers.

import type { Contact, Effect, Input, IntroducerId, LinkId, Millis, PeerSnapshot } from '@hyphae/core'
import { concatBytes, decodeFrame, encodeFrame, MESSAGES, packBatches, splitBatch } from '@hyphae/core/wire'
import { Hearsay } from './hearsay.ts'
import type { DrivenPeer } from './host.ts'
import { LIES, Lies } from './lies.ts'
import type { SeededRandom } from './random.ts'

/** How it behaves for a while: shares of what the real peer says, and of questions that it answers out of its own head. */
interface Mood {
  readonly withheld: number
  readonly repeated: number
  readonly late: number
  readonly astray: number
  readonly changed: number
  readonly answered: number
  /** Milliseconds between two bursts of lies on average, and frames of one at most. */
  readonly everyMs: number
  readonly frames: number
}

/** Milliseconds that a mood lasts at most. */
const MOOD_MS_MAX = 30_000
/** Inputs that pass, at most, before what is late leaves. */
const LATE_INPUTS_MAX = 30
/** HELLOs of connections under way; the oldest are forgotten first. */
const HELLOS_MAX = 64
/** Share of liars that say nothing for which they could be blamed, so that nobody throws them out. */
const CAREFUL_SHARE = 0.6
/** Events that checkers must hear of; what else the real peer complains of is its own fault. */
const TOLD: readonly string[] = ['status', 'peer-joined', 'peer-left']
const { HELLO, PROOF, GOSSIP } = MESSAGES

export class Liar implements DrivenPeer {
  readonly #inner: DrivenPeer
  readonly #self: Contact
  readonly #random: SeededRandom
  readonly #hearsay: Hearsay
  readonly #lies: Lies
  readonly #isCareful: boolean
  readonly #links: LinkId[] = []
  readonly #late: { readonly effect: Effect; inputs: number }[] = []
  /** What the real peer meant to greet with, and what was said: its proof has to cover the latter. */
  readonly #hellos: { readonly meant: Uint8Array; readonly said: Uint8Array }[] = []
  #mood: Mood
  #moodEndsAt = 0
  #lieAt = 0
  #innerWakeAt = Number.POSITIVE_INFINITY
  /** Frames dropped, changed, sent astray or made up. */
  misdeeds = 0

  constructor(inner: DrivenPeer, contact: Contact, random: SeededRandom) {
    this.#inner = inner
    this.#self = contact
    this.#random = random
    this.#hearsay = new Hearsay(random.fork('hearsay'))
    this.#lies = new Lies(contact, this.#hearsay, random.fork('lies'))
    this.#isCareful = random.share() < CAREFUL_SHARE
    this.#mood = this.#drawMood()
  }

  snapshot(now: Millis): PeerSnapshot {
    return this.#inner.snapshot(now)
  }

  tables(): Readonly<Record<string, number>> {
    return this.#inner.tables()
  }

  check(): string[] {
    return []
  }

  handle(input: Input, now: Millis, out: Effect[]): void {
    const effects: Effect[] = []
    if (input.type === 'link-opened') this.#links.push(input.link)
    if (input.type === 'link-closed') remove(this.#links, input.link)
    if (input.type === 'link-received' && input.channel === 'control') this.#hear(input, out)
    this.#inner.handle(input, now, effects)
    for (const effect of effects) this.#perform(effect, out)
    this.#releaseLate(out)
    this.#lieInTime(now, out)
    out.push({ type: 'wake-at', at: Math.max(now + 1, Math.min(this.#lieAt, this.#innerWakeAt)) })
  }

  #lieInTime(now: Millis, out: Effect[]): void {
    if (now >= this.#moodEndsAt) {
      this.#mood = this.#drawMood()
      this.#moodEndsAt = now + this.#random.below(MOOD_MS_MAX)
    }
    if (now < this.#lieAt) return
    this.#lie(out)
    this.#lieAt = now + 1 + this.#random.below(2 * this.#mood.everyMs)
  }

  #hear({ link, bytes }: Input & { type: 'link-received' }, out: Effect[]): void {
    for (const frame of splitBatch(bytes) ?? []) {
      const message = this.#hearsay.hear(link, frame)
      if (message?.type !== 'ROUTE' || !this.#perhaps(this.#mood.answered)) continue
      for (let i = this.#random.below(3); i >= 0; i--) this.#say(link, this.#lies.answer(message), out)
    }
  }

  // What the real peer says

  #perform(effect: Effect, out: Effect[]): void {
    if (effect.type === 'wake-at') this.#innerWakeAt = effect.at
    else if (effect.type === 'event' && !TOLD.includes(effect.event.type)) return
    else if (effect.type === 'sign') out.push({ ...effect, bytes: this.#asSaid(effect.bytes) })
    else if (effect.type === 'send' && effect.channel === 'control') this.#speak(effect, out)
    else out.push(effect)
  }

  #speak(effect: Effect & { type: 'send' }, out: Effect[]): void {
    for (const frame of splitBatch(effect.bytes) ?? []) {
      if (frame[1] === HELLO.type) out.push(...saying(effect.link, this.#greeting(frame)))
      else if (frame[1] === PROOF.type) out.push(...saying(effect.link, frame))
      else this.#speakOne(effect.link, frame)
    }
  }

  /** Leaves with the end of this input, or of a later one. */
  #speakOne(meant: LinkId, frame: Uint8Array): void {
    const { withheld, repeated, late, astray, changed } = this.#mood
    if (this.#perhaps(withheld)) return
    const link = this.#perhaps(astray) ? (this.#anyLink() ?? meant) : meant
    const said = this.#perhaps(changed) ? this.#changed(frame) : frame
    for (let times = this.#perhaps(repeated) ? 2 : 1; times > 0; times--) {
      const inputs = this.#perhaps(late) ? this.#random.below(LATE_INPUTS_MAX) : 0
      for (const effect of saying(link, said)) this.#late.push({ effect, inputs })
    }
  }

  #releaseLate(out: Effect[]): void {
    for (const late of [...this.#late]) {
      if (late.inputs-- > 0) continue
      remove(this.#late, late)
      out.push(late.effect)
    }
  }

  #changed(frame: Uint8Array): Uint8Array {
    const decoded = decodeFrame(frame)
    if (decoded === null) return frame
    const changed = encodeFrame(this.#hearsay.changed(decoded.message), decoded.ttl, decoded.flags)
    const isSafe = decodeFrame(changed) !== null && frame[1] !== GOSSIP.type
    return this.#isCareful && !isSafe ? frame : changed
  }

  #greeting(frame: Uint8Array): Uint8Array {
    const message = decodeFrame(frame)?.message
    if (message?.type !== 'HELLO') return frame
    this.#lies.networkId = message.networkId
    if (!this.#perhaps(0.3)) return frame
    const said = this.#lies.hello(message)
    this.#hellos.push({ meant: frame.slice(), said })
    if (this.#hellos.length > HELLOS_MAX) this.#hellos.shift()
    return said
  }

  /** What is to be signed, with the HELLO that was said in place of the one that was meant. */
  #asSaid(bytes: Uint8Array): Uint8Array {
    for (const { meant, said } of this.#hellos) {
      const at = indexOf(bytes, meant)
      if (at >= 0) return concatBytes(bytes.subarray(0, at), said, bytes.subarray(at + meant.length))
    }
    return bytes
  }

  // What it says of its own

  /** A burst of lies of one kind, mostly to one link; or something that is not a frame. */
  #lie(out: Effect[]): void {
    const chance = this.#random.share()
    const link = this.#anyLink()
    if (link === null) return
    if (chance < 0.02) return void out.push({ type: 'close', link, code: 'left', flush: chance < 0.01 })
    if (chance < 0.06) return this.#carry(out)
    if (chance < 0.1 && !this.#isCareful) return this.#sendBulk(link, out)
    const lie = this.#random.pick(LIES)
    for (let i = this.#random.below(this.#mood.frames); i >= 0; i--) {
      const to = this.#random.share() < 0.5 ? link : (this.#anyLink() as LinkId)
      const frame = lie(this.#lies, this.#hearsay)
      if (frame !== null) this.#say(to, frame, out)
    }
  }

  #carry(out: Effect[]): void {
    const { sender, to, bytes } = this.#lies.box()
    // The server knows who brings a box.
    if (sender !== this.#self) return
    this.misdeeds += 1
    out.push({ type: 'carry-signal', via: 'simulated' as IntroducerId, to: to.id, bytes })
  }

  #sendBulk(link: LinkId, out: Effect[]): void {
    const bytes = encodeFrame({ type: 'DATA', stream: 1, offset: 0, bytes: this.#random.bytes(100) })
    this.misdeeds += 1
    out.push({ type: 'send', link, channel: 'bulk', bytes })
  }

  #say(link: LinkId, frame: Uint8Array, out: Effect[]): void {
    if (this.#isCareful && !this.#isSafe(link, frame)) return
    this.misdeeds += 1
    out.push(...saying(link, frame))
  }

  /** Whether nobody can tell that it does not belong here. */
  #isSafe(link: LinkId, frame: Uint8Array): boolean {
    const message = decodeFrame(frame)?.message
    switch (message?.type) {
      case undefined:
      case 'HELLO':
      case 'PROOF':
      case 'BYE':
      case 'BYE_ACK':
      case 'DATA':
        return false
      case 'GOSSIP':
        return message.author.id === this.#self.id
      case 'SUBSCRIBE':
        return message.target.startsWith(message.topic)
      case 'ROUTE_ACK':
      case 'ROUTE_NACK':
      case 'ROUTE_REPLY':
        return this.#hearsay.askerOf(message.operation) === link
      default:
        return true
    }
  }

  #anyLink(): LinkId | null {
    return this.#links.length === 0 ? null : this.#random.pick(this.#links)
  }

  #perhaps(share: number): boolean {
    if (this.#random.share() >= share) return false
    this.misdeeds += 1
    return true
  }

  #drawMood(): Mood {
    const random = this.#random
    const some = (max: number) => (random.share() < 0.5 ? 0 : max * random.share() ** 2)
    return {
      withheld: random.share() < 0.1 ? 1 : some(0.8),
      repeated: some(0.5),
      late: some(0.5),
      astray: some(0.2),
      changed: some(0.3),
      answered: some(1),
      everyMs: random.pick([20, 200, 1_000, 5_000]),
      frames: random.pick(this.#isCareful ? [1, 2, 5, 40] : [1, 1, 5, 50, 1_000]),
    }
  }
}

function saying(link: LinkId, frame: Uint8Array): (Effect & { type: 'send' })[] {
  return packBatches([frame]).map((bytes) => ({ type: 'send', link, channel: 'control', bytes }))
}

/** Where a part begins; less than 0 where it is not there. */
function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= bytes.length; at++)
    if (part.every((byte, index) => bytes[at + index] === byte)) return at
  return -1
}

function remove<T>(items: T[], item: T): void {
  const index = items.indexOf(item)
  if (index >= 0) items.splice(index, 1)
}
