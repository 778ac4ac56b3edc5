// One transport under test: notes what it says, carries its signals to the other end, and lets a case wait for an event.

import type { AttemptId, Channel, LinkId } from '@hyphae/core'
import type { DialOptions, Transport, TransportEvent } from '@hyphae/runtime'
import { check } from './assert.ts'

/** Milliseconds after which an event that was to come counts as missing. Loaded machines connect slowly. */
const PATIENCE_MS = 15_000
const TRICKLE: DialOptions = { gatherFirst: false }

export type EventOf<T extends TransportEvent['type']> = Extract<TransportEvent, { type: T }>

interface Waiter {
  readonly matches: (event: TransportEvent) => boolean
  readonly resolve: (event: TransportEvent) => void
}

/** A link as both ends know it. */
export interface LinkPair {
  readonly dialed: LinkId
  readonly accepted: LinkId
}

export class TransportEnd {
  /** Everything heard so far, in order. */
  readonly events: TransportEvent[] = []
  /** Where signals of an attempt go; without an entry they are kept in `events` alone. */
  readonly #carrierByAttempt = new Map<AttemptId, (bytes: Uint8Array) => void>()
  readonly #transport: Transport
  #untaken: TransportEvent[] = []
  #waiters: Waiter[] = []
  #isCalling = false
  #calledBackInside = false

  constructor(transport: Transport) {
    this.#transport = transport
    transport.onEvent((event) => this.#note(event))
  }

  /** Calls the transport, noticing whether it calls back before it returns. */
  call<T>(action: (transport: Transport) => T): T {
    this.#isCalling = true
    try {
      return action(this.#transport)
    } finally {
      this.#isCalling = false
    }
  }

  /** Resolves with the first event of this kind that matches, past or to come, and that was not taken before. */
  async next<T extends TransportEvent['type']>(
    type: T,
    matches: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    const isWanted = (event: TransportEvent) => event.type === type && matches(event as EventOf<T>)
    return (await this.#take(type, isWanted)) as EventOf<T>
  }

  /** Resolves once the attempt is open; rejects with the reason where it failed. */
  async opens(attempt: AttemptId): Promise<LinkId> {
    const isFate = ({ type }: TransportEvent) => type === 'opened' || type === 'failed'
    const isWanted = (event: TransportEvent) =>
      isFate(event) && 'attempt' in event && event.attempt === attempt
    const event = await this.#take('opened', isWanted)
    check(event.type === 'opened', `the attempt failed: ${summary(event)}`)
    return event.link
  }

  heard<T extends TransportEvent['type']>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type)
  }

  received(link: LinkId, channel: Channel): Uint8Array[] {
    const all = this.heard('received').filter((event) => event.link === link && event.channel === channel)
    return all.map(({ bytes }) => bytes)
  }

  /** Resolves once this many messages, past ones included, came over the channel. */
  async receives(link: LinkId, channel: Channel, count: number): Promise<Uint8Array[]> {
    while (this.received(link, channel).length < count)
      await this.next('received', (event) => event.link === link && event.channel === channel)
    return this.received(link, channel)
  }

  send(link: LinkId, channel: Channel, bytes: Uint8Array): void {
    this.call((transport) => transport.send(link, channel, bytes))
  }

  close(link: LinkId, options: { readonly flush: boolean }): void {
    this.call((transport) => transport.close(link, 'left', options.flush))
  }

  carry(attempt: AttemptId, to: (bytes: Uint8Array) => void): void {
    this.#carrierByAttempt.set(attempt, to)
  }

  destroy(): void {
    this.call((transport) => transport.destroy())
  }

  /** Holds for whatever a case did. */
  checkManners(): void {
    check(!this.#calledBackInside, 'a transport never calls back before a call returns')
    const opened = this.heard('opened').map(({ link }) => link)
    const closed = this.heard('closed').map(({ link }) => link)
    check(new Set(opened).size === opened.length, 'every link has a number of its own')
    check(new Set(closed).size === closed.length, 'a link is closed exactly once')
    check(
      closed.every((link) => opened.includes(link)),
      'only a link that opened is closed',
    )
  }

  #note(event: TransportEvent): void {
    if (this.#isCalling) this.#calledBackInside = true
    this.events.push(event)
    if (event.type === 'local-signal') this.#carrierByAttempt.get(event.attempt)?.(event.bytes)
    const waiter = this.#waiters.find(({ matches }) => matches(event))
    if (!waiter) return void this.#untaken.push(event)
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
    waiter.resolve(event)
  }

  async #take(type: string, isWanted: (event: TransportEvent) => boolean): Promise<TransportEvent> {
    const found = this.#untaken.find(isWanted)
    this.#untaken = this.#untaken.filter((event) => event !== found)
    return found ?? (await this.#wait(type, isWanted))
  }

  #wait(type: string, matches: (event: TransportEvent) => boolean): Promise<TransportEvent> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const heard = this.events.map(summary).join(', ')
        reject(new Error(`no '${type}' within ${PATIENCE_MS} ms; heard: ${heard || 'nothing'}`))
      }, PATIENCE_MS)
      this.#waiters.push({
        matches,
        resolve: (event) => {
          clearTimeout(timer)
          resolve(event)
        },
      })
    })
  }
}

let attempts = 0

/** An attempt that no other of this process has. */
export function newAttempt(): AttemptId {
  attempts++
  return attempts.toString(16).padStart(16, '0') as AttemptId
}

/** Starts an attempt whose signals both ends get. */
export function begin(dialer: TransportEnd, listener: TransportEnd, options = TRICKLE): AttemptId {
  const attempt = newAttempt()
  let isFirst = true
  dialer.carry(attempt, (bytes) => {
    const isOffer = isFirst
    isFirst = false
    listener.call((transport) =>
      isOffer ? transport.accept(attempt, bytes, options) : transport.applySignal(attempt, bytes),
    )
  })
  listener.carry(attempt, (bytes) => dialer.call((transport) => transport.applySignal(attempt, bytes)))
  dialer.call((transport) => transport.dial(attempt, options))
  return attempt
}

/** Resolves once both ends are open. */
export async function link(
  dialer: TransportEnd,
  listener: TransportEnd,
  options = TRICKLE,
): Promise<LinkPair> {
  return opened(dialer, listener, begin(dialer, listener, options))
}

export async function opened(
  dialer: TransportEnd,
  listener: TransportEnd,
  attempt: AttemptId,
): Promise<LinkPair> {
  const [dialed, accepted] = await Promise.all([dialer.opens(attempt), listener.opens(attempt)])
  return { dialed, accepted }
}

/** Resolves once a message went there and back, so that whatever was to come before it has come. */
export async function roundTrip(dialer: TransportEnd, listener: TransportEnd, pair: LinkPair): Promise<void> {
  const token = Uint8Array.from([0xff, 0xfe, ...crypto.getRandomValues(new Uint8Array(8))])
  const isToken = ({ bytes }: EventOf<'received'>) => bytes.join() === token.join()
  dialer.send(pair.dialed, 'control', token)
  await listener.next('received', isToken)
  listener.send(pair.accepted, 'control', token)
  await dialer.next('received', isToken)
}

/** Bytes that show when any of them is missing, changed or out of place. */
export function patterned(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 17 + (index >>> 8)) & 0xff)
}

export function isPatterned(bytes: Uint8Array, seed = 0): boolean {
  return bytes.every((byte, index) => byte === ((index * 31 + seed * 17 + (index >>> 8)) & 0xff))
}

function summary(event: TransportEvent): string {
  return event.type === 'failed' ? `failed (${event.stage}: ${event.detail})` : event.type
}
