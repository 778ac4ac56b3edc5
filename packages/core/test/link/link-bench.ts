// Link sets joined by pipes, without a peer around them. A test decides what happens next: which message arrives, which
// job is done. Nothing happens by itself, and time passes only when told.

import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'vitest'
import type {
  AttemptId,
  Channel,
  LinkBinding,
  LinkId,
  LinkRole,
  Millis,
  SignalingPath,
} from '../../src/contract.ts'
import { CLOSE_CODES, type CloseCode } from '../../src/errors.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { networkIdOf } from '../../src/identity/network-id.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { bootStatement, Handshake } from '../../src/link/handshake.ts'
import type { LinkEffect, LinkInput } from '../../src/link/link-contract.ts'
import { LinkSet } from '../../src/link/link-set.ts'
import type { LinkStage, PeerEvent } from '../../src/peer/calls.ts'
import { TimerQueue } from '../../src/peer/timer-queue.ts'
import { utf8 } from '../../src/wire/bytes.ts'
import { decodeFrame, encodeFrame, packBatches, splitBatch } from '../../src/wire/codec.ts'
import type { Message, MessageName } from '../../src/wire/messages.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { attemptNumber, compute, sign } from './stand-ins.ts'

export const NETWORK_ID = networkIdOf('links', 0)
export const START_MS = 1_700_000_000_000

/** One direction of one connection. */
interface Pipe {
  readonly to: Host
  readonly link: LinkId
  readonly from: Host
  readonly queue: Uint8Array[]
  closing: boolean
}

interface Job {
  readonly host: Host
  readonly effect: Extract<LinkEffect, { type: 'sign' | 'verify' }>
}

interface Sent {
  readonly from: Host
  readonly link: LinkId
  readonly message: Message
  readonly frame: Uint8Array
}

/** Something that may happen next. */
export type Step =
  | { readonly type: 'message'; readonly pipe: Pipe }
  | { readonly type: 'job'; readonly job: Job }

export interface HostOptions {
  readonly contact: Contact
  readonly bootId?: number
  readonly networkId?: string
  readonly workBits?: number
  /** False: its boot statement waits to be signed. */
  readonly ready?: boolean
}

export class Host {
  readonly contact: Contact
  readonly links: LinkSet
  /** Everything it said except sends, in order. */
  readonly effects: LinkEffect[] = []
  readonly expectedByAttempt = new Map<AttemptId, { peer: PeerId | null; path: SignalingPath }>()
  readonly reasonsByPeer = new Map<PeerId, number>()
  readonly closedByDriver = new Set<LinkId>()

  constructor({ contact, networkId = NETWORK_ID, workBits = 0 }: HostOptions, seed: number) {
    this.contact = contact
    const attempts = {
      expected: (attempt: AttemptId) => this.expectedByAttempt.get(attempt) ?? null,
      reasonsOf: (peer: PeerId) => this.reasonsByPeer.get(peer) ?? 0,
    }
    this.links = new LinkSet(
      { self: contact, networkId, workBits, linksMax: 8 },
      attempts,
      new SeededRandom(seed),
    )
  }

  get id(): PeerId {
    return this.contact.id
  }

  events(): PeerEvent[] {
    return this.effects.flatMap((effect) => (effect.type === 'event' ? [effect.event] : []))
  }

  /** Joins and leaves of peers, as `+` and `-`. */
  joins(): string {
    const marks = { 'peer-joined': '+', 'peer-left': '-' } as Record<string, string>
    return this.events()
      .map((event) => marks[event.type] ?? '')
      .join('')
  }

  /** What the other machines hear, as `+` and `-`. */
  ups(): string {
    const marks = { 'link-up': '+', 'link-down': '-' } as Record<string, string>
    return this.effects.map((effect) => marks[effect.type] ?? '').join('')
  }

  stages(): LinkStage[] {
    return this.events().flatMap((event) => (event.type === 'link-stage' ? [event.stage] : []))
  }

  offences(): string[] {
    return this.events().flatMap((event) => (event.type === 'offence' ? [event.offence] : []))
  }

  /** Why attempts came to nothing. */
  failures(): string[] {
    return this.effects.flatMap((effect) => (effect.type === 'handshake-failed' ? [effect.code] : []))
  }

  /** Messages handed on to the other machines. */
  frames(): Message[] {
    return this.effects.flatMap((effect) => (effect.type === 'frame' ? [effect.frame.message] : []))
  }
}

export class LinkBench {
  now: Millis = START_MS
  /** Changes or drops (null) what is sent; the transport of an attacker in the middle. */
  rewrite: (bytes: Uint8Array, from: Host, link: LinkId) => Uint8Array | null = (bytes) => bytes
  /** All messages ever sent. */
  readonly sent: Sent[] = []
  readonly #pipes: Pipe[] = []
  readonly #jobs: Job[] = []
  readonly #timers = new TimerQueue<{ host: Host; input: LinkInput }>()
  #links = 0
  #hosts = 0
  #attempts = 0

  /** A host that has started. */
  host(options: HostOptions): Host {
    const host = new Host(options, ++this.#hosts)
    this.input(host, { type: 'start', bootId: options.bootId ?? 1 })
    if (options.ready !== false) this.run()
    return host
  }

  /** A connection whose channels are open at both ends; returns the link's number at either end, by role. */
  connect(dialer: Host, listener: Host, path: SignalingPath = 'memory'): Record<LinkRole, LinkId> {
    const attempt = this.#newAttempt()
    const links = { dialer: ++this.#links, listener: ++this.#links }
    const prints = { dialer: fingerprint(links.dialer), listener: fingerprint(links.listener) }
    this.#pipes.push({ from: dialer, to: listener, link: links.listener, queue: [], closing: false })
    this.#pipes.push({ from: listener, to: dialer, link: links.dialer, queue: [], closing: false })
    dialer.expectedByAttempt.set(attempt, { peer: listener.id, path })
    listener.expectedByAttempt.set(attempt, { peer: dialer.id, path })
    const opened = (role: LinkRole, binding: LinkBinding): LinkInput =>
      ({ type: 'opened', link: links[role], attempt, role, binding, remoteGroup: '' }) as const
    this.input(dialer, opened('dialer', { local: prints.dialer, remote: prints.listener }))
    this.input(listener, opened('listener', { local: prints.listener, remote: prints.dialer }))
    return links
  }

  /** A connection with nobody but the test at its other end, and both fingerprints as both ends see them. */
  openAlone(
    host: Host,
    role: LinkRole,
    expected: PeerId | null,
  ): { link: LinkId; remoteBinding: LinkBinding } {
    const attempt = this.#newAttempt()
    const link = ++this.#links
    const [local, remote] = [fingerprint(link), fingerprint(++this.#links)]
    host.expectedByAttempt.set(attempt, { peer: expected, path: 'memory' })
    this.input(host, { type: 'opened', link, attempt, role, binding: { local, remote }, remoteGroup: '' })
    return { link, remoteBinding: { local: remote, remote: local } }
  }

  /** Connects and lets everything happen. */
  link(dialer: Host, listener: Host): Record<LinkRole, LinkId> {
    const links = this.connect(dialer, listener)
    this.run()
    return links
  }

  input(host: Host, input: LinkInput): void {
    const out: LinkEffect[] = []
    const isWanted = input.type !== 'timer' || host.links.wants(input.timer)
    host.links.handle(input, this.now, out)
    // What nobody wants any more does nothing where it comes all the same.
    if (!isWanted) expect(out).toEqual([])
    host.links.handle({ type: 'flush' }, this.now, out)
    for (const effect of out) this.#perform(host, effect)
  }

  /** Frames from the other end of a connection that its own code would not send. */
  inject(
    to: Host,
    link: LinkId,
    frames: readonly (Uint8Array | Message)[],
    channel: Channel = 'control',
  ): void {
    const encoded = frames.map((frame) => (frame instanceof Uint8Array ? frame : encodeFrame(frame)))
    for (const bytes of channel === 'bulk' ? encoded : packBatches(encoded))
      this.input(to, { type: 'received', link, channel, bytes })
  }

  steps(): Step[] {
    const messages = this.#pipes.flatMap((pipe): Step[] =>
      pipe.queue.length > 0 || pipe.closing ? [{ type: 'message', pipe }] : [],
    )
    return [...messages, ...this.#jobs.map((job): Step => ({ type: 'job', job }))]
  }

  take(step: Step): void {
    if (step.type === 'message') return this.#arrive(step.pipe)
    const { host, effect } = step.job
    this.#jobs.splice(this.#jobs.indexOf(step.job), 1)
    const { token } = effect
    const result = compute(host.contact, effect)
    if (result.type === 'signed') this.input(host, { type: 'signed', token, signature: result.signature })
    if (result.type === 'verified') this.input(host, { type: 'verified', token, valid: result.valid })
  }

  /** Takes steps until there are none; `choose` says which of so many. */
  run(choose: (count: number, steps: readonly Step[]) => number = () => 0): void {
    for (let steps = this.steps(); steps.length > 0; steps = this.steps())
      this.take(steps[choose(steps.length, steps)] as Step)
  }

  /** Lets time pass: timers fire in their order, and what they cause happens. */
  advance(ms: number): void {
    const end = this.now + ms
    while (this.#timers.nextDue <= end) {
      this.now = this.#timers.nextDue
      const due = this.#timers.takeDue(this.now)
      if (due !== null) this.input(due.host, due.input)
      this.run()
    }
    this.now = end
  }

  /** Nothing passes this way any more, and nobody is told. */
  cut(link: LinkId): void {
    const pipe = this.#pipes.findIndex((candidate) => candidate.link === link)
    this.#pipes.splice(pipe, 1)
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Names of the messages one host has sent. */
  sentBy(host: Host): MessageName[] {
    return this.sent.filter(({ from }) => from === host).map(({ message }) => message.type)
  }

  #newAttempt(): AttemptId {
    return attemptNumber(++this.#attempts)
  }

  #perform(host: Host, effect: LinkEffect): void {
    if (effect.type === 'sign' || effect.type === 'verify') this.#jobs.push({ host, effect })
    else if (effect.type === 'set-timer')
      this.#timers.set(this.now + effect.afterMs, { host, input: { type: 'timer', timer: effect.timer } })
    else if (effect.type === 'driver' && effect.effect.type === 'send')
      this.#send(host, effect.effect.link, effect.effect.bytes)
    else if (effect.type === 'driver' && effect.effect.type === 'close') this.#close(host, effect.effect.link)
    if (effect.type !== 'set-timer') host.effects.push(effect)
  }

  #send(from: Host, link: LinkId, bytes: Uint8Array): void {
    for (const frame of splitBatch(bytes) ?? []) {
      const message = decodeFrame(frame)?.message
      if (message !== undefined) this.sent.push({ from, link, message, frame })
    }
    const changed = this.rewrite(bytes, from, link)
    if (changed !== null) this.#outOf(from, link)?.queue.push(changed)
  }

  /** The pipe that leaves `from` for the other end of the connection that it calls `link`. */
  #outOf(from: Host, link: LinkId): Pipe | undefined {
    const other = link % 2 === 1 ? link + 1 : link - 1
    return this.#pipes.find((pipe) => pipe.link === other && pipe.from === from)
  }

  #close(host: Host, link: LinkId): void {
    if (host.closedByDriver.has(link)) return
    host.closedByDriver.add(link)
    const out = this.#outOf(host, link)
    if (out !== undefined) out.closing = true
    this.input(host, { type: 'closed', link, reason: 'closed here' })
  }

  #arrive(pipe: Pipe): void {
    const bytes = pipe.queue.shift()
    if (bytes !== undefined)
      return this.input(pipe.to, { type: 'received', link: pipe.link, channel: 'control', bytes })
    this.#pipes.splice(this.#pipes.indexOf(pipe), 1)
    pipe.to.closedByDriver.add(pipe.link)
    this.input(pipe.to, { type: 'closed', link: pipe.link, reason: 'remote-closed' })
  }
}

/** Whoever the test wants at the other end of a connection: it speaks the handshake, or what it likes. */
export class Stranger {
  readonly link: LinkId
  readonly handshake: Handshake
  readonly #bench: LinkBench
  readonly #victim: Host
  readonly #contact: Contact

  constructor(bench: LinkBench, victim: Host, contact: Contact, options: StrangerOptions = {}) {
    const { role = 'listener', networkId = NETWORK_ID, bootId = 1, expected = contact.id } = options
    const { link, remoteBinding } = bench.openAlone(
      victim,
      role === 'dialer' ? 'listener' : 'dialer',
      expected,
    )
    this.link = link
    this.#bench = bench
    this.#victim = victim
    this.#contact = contact
    const bootSignature = sign(contact.signingKey, bootStatement(networkId, bootId))
    this.handshake = new Handshake({
      local: { contact, networkId, bootId, bootSignature },
      role,
      binding: remoteBinding,
      expected: null,
      workBits: 0,
      nonce: new Uint8Array(16).fill(bench.sent.length & 0xff),
      hidden: false,
    })
  }

  says(...frames: readonly (Uint8Array | Message)[]): void {
    this.#bench.inject(this.#victim, this.link, frames)
  }

  /** What the victim said on this connection, by type. */
  heard(): MessageName[] {
    return this.#sent().map(({ message }) => message.type)
  }

  /** The code of the victim's BYE; null where it said none. */
  goodbye(): CloseCode | null {
    const bye = this.#sent().find(({ message }) => message.type === 'BYE')?.message
    return bye?.type === 'BYE' ? (CLOSE_CODES[bye.code] as CloseCode) : null
  }

  /** Our PROOF, for the victim's HELLO. */
  proof(): Uint8Array {
    const hello = this.#sent().find(({ message }) => message.type === 'HELLO')
    if (hello?.message.type !== 'HELLO') throw new TypeError('the victim has said no HELLO')
    this.handshake.takeHello(hello.message, hello.frame)
    const signature = sign(this.#contact.signingKey, this.handshake.localTranscript())
    return encodeFrame({ type: 'PROOF', signature })
  }

  /** The whole handshake. */
  links(): this {
    this.says(this.handshake.helloFrame, this.proof())
    this.#bench.run()
    return this
  }

  #sent(): readonly Sent[] {
    return this.#bench.sent.filter(({ from, link }) => from === this.#victim && link === this.link)
  }
}

export interface StrangerOptions {
  readonly role?: LinkRole
  readonly networkId?: string
  readonly bootId?: number
  /** Whom the victim meant; null for anybody. */
  readonly expected?: PeerId | null
}

function fingerprint(link: LinkId): Uint8Array {
  return sha256(utf8(`certificate ${link}`))
}
