// What every introducer owes its users, as cases that any test runner can run. An introducer of your own passes when each
// case of `introducerSuite` resolves.

import type { PeerId } from '@hyphae/core'
import { SIGNAL_BYTES_MAX } from '@hyphae/core/signaling'
import {
  createWebCryptoPeer,
  generateIdentity,
  type Introducer,
  type IntroducerEvent,
  secureRandom,
} from '@hyphae/runtime'
import { check } from './assert.ts'
import type { ConformanceCase } from './suite.ts'

/** Where introducers of one test meet: a server, a hub, a channel. */
export interface IntroducerPlace {
  /** A new introducer, not opened, that meets all others of this place. */
  create(): Introducer
  close(): Promise<void>
}

/** Milliseconds after which something that was to happen counts as missing. */
const PATIENCE_MS = 5_000
/** Milliseconds between signals to a peer whose end is not yet known. */
const SIGNAL_AGAIN_MS = 50
const NETWORK = 'a'.repeat(32)
const OTHER_NETWORK = 'b'.repeat(32)

type EventOf<T extends IntroducerEvent['type']> = Extract<IntroducerEvent, { type: T }>

/** The cases; each opens a place of its own and closes it again. */
export function introducerSuite(openPlace: () => Promise<IntroducerPlace>): readonly ConformanceCase[] {
  const titled = Object.entries(cases)
  return titled.map(([title, action]) => ({ title, run: () => inPlace(openPlace, action) }))
}

const cases: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  'says up once it can be used': async (place) => {
    await place.peer()
  },

  'introduces two peers to each other, and nobody to itself': async (place) => {
    const [ada, ben] = [await place.peer(), await place.peer()]
    ada.introducer.introduce(8, 8)
    ben.introducer.introduce(8, 8)
    await ada.heard('introduced', ({ contacts }) => contacts.some(({ id }) => id === ben.id))
    await ben.heard('introduced', ({ contacts }) => contacts.some(({ id }) => id === ada.id))
    check(!ada.known().includes(ada.id) && !ben.known().includes(ben.id), 'nobody is introduced to itself')
  },

  'carries signals whole, in order, and says who sent them': async (place) => {
    const [ada, ben] = [await place.peer(), await place.peer()]
    const sizes = [1, 1_000, SIGNAL_BYTES_MAX]
    for (const size of sizes) ada.introducer.signal(ben.id, patterned(size))
    await ben.heard('signal', ({ bytes }) => bytes.length === SIGNAL_BYTES_MAX)
    const signals = ben.all('signal')
    check(signals.map(({ bytes }) => bytes.length).join() === sizes.join(), 'signals come in order')
    check(
      signals.every(({ bytes }) => isPatterned(bytes)),
      'signals come unchanged',
    )
    check(
      signals.every(({ from }) => from.id === ada.id),
      'signals name their sender',
    )
  },

  'sends what a signal was when it was handed over': async (place) => {
    const [ada, ben] = [await place.peer(), await place.peer()]
    const bytes = patterned(100)
    ada.introducer.signal(ben.id, bytes)
    bytes.fill(0)
    const signal = await ben.heard('signal')
    check(isPatterned(signal.bytes), 'the signal is not changed by its sender afterwards')
  },

  'answers both ways': async (place) => {
    const [ada, ben] = [await place.peer(), await place.peer()]
    ada.introducer.signal(ben.id, patterned(10))
    const { from } = await ben.heard('signal')
    ben.introducer.signal(from.id, patterned(20))
    const answer = await ada.heard('signal')
    check(answer.bytes.length === 20 && answer.from.id === ben.id, 'the answer comes from the right peer')
  },

  'says which peer a signal could not be carried to': async (place) => {
    const ada = await place.peer()
    const nobody = 'f'.repeat(64) as PeerId
    ada.introducer.signal(nobody, patterned(10))
    await ada.heard('undeliverable', ({ to }) => to === nobody)
  },

  'carries nothing to a peer that closed': async (place) => {
    const [ada, ben] = [await place.peer(), await place.peer()]
    const count = ben.events.length
    ben.introducer.close()
    await ada.learnsOfEnd(ben.id)
    check(ben.events.length === count, 'a closed introducer says nothing')
  },

  'keeps networks apart': async (place) => {
    const [ada, ben] = [await place.peer(), await place.peer()]
    const stranger = await place.peer(OTHER_NETWORK)
    ada.introducer.introduce(8, 8)
    await ada.heard('introduced', ({ contacts }) => contacts.some(({ id }) => id === ben.id))
    check(!ada.known().includes(stranger.id), 'peers of other networks are not introduced')
    ada.introducer.signal(stranger.id, patterned(10))
    await ada.heard('undeliverable', ({ to }) => to === stranger.id)
    check(stranger.all('signal').length === 0, 'signals do not cross networks')
  },

  'refuses signals that are empty or too large': async (place) => {
    const [ada, ben] = [await place.peer(), await place.peer()]
    for (const size of [0, SIGNAL_BYTES_MAX + 1])
      check(
        throwsRangeError(() => ada.introducer.signal(ben.id, new Uint8Array(size))),
        `${size} bytes are refused`,
      )
  },

  'never calls back from within a call': async (place) => {
    const [ada, ben] = [await place.peer(), await place.peer()]
    const nobody = 'f'.repeat(64) as PeerId
    const count = ada.events.length
    ada.introducer.introduce(8, 8)
    ada.introducer.signal(nobody, patterned(10))
    ada.introducer.signal(ben.id, patterned(10))
    ada.introducer.meshed(3)
    ada.introducer.retryNow()
    check(ada.events.length === count, 'events come after the call')
    await ada.heard('undeliverable')
  },

  'can be closed twice, and takes calls afterwards': async (place) => {
    const ada = await place.peer()
    ada.introducer.close()
    ada.introducer.close()
    const count = ada.events.length
    ada.introducer.introduce(8, 8)
    ada.introducer.signal(ada.id, patterned(10))
    ada.introducer.meshed(3)
    ada.introducer.retryNow()
    const ben = await place.peer()
    await ben.learnsOfEnd(ada.id)
    check(ada.events.length === count, 'a closed introducer says nothing')
  },
}

async function inPlace(
  openPlace: () => Promise<IntroducerPlace>,
  action: (place: Place) => Promise<void>,
): Promise<void> {
  const place = new Place(await openPlace())
  try {
    await action(place)
  } finally {
    await place.close()
  }
}

class Place {
  readonly #place: IntroducerPlace
  readonly #introducers: Introducer[] = []

  constructor(place: IntroducerPlace) {
    this.#place = place
  }

  /** A new peer whose introducer is up. */
  async peer(networkId: string = NETWORK): Promise<Witness> {
    const identity = createWebCryptoPeer(await generateIdentity({ workBits: 0, random: secureRandom() }))
    const introducer = this.#place.create()
    this.#introducers.push(introducer)
    const witness = new Witness(identity.contact.id, introducer)
    const sign = (bytes: Uint8Array) => identity.sign(bytes)
    introducer.open({ contact: identity.contact, networkId, sign }, (event) => witness.hear(event))
    await witness.heard('up')
    return witness
  }

  async close(): Promise<void> {
    for (const introducer of this.#introducers) introducer.close()
    await this.#place.close()
  }
}

/** One peer's introducer, and all it said. */
class Witness {
  readonly events: IntroducerEvent[] = []
  readonly id: PeerId
  readonly introducer: Introducer
  readonly #waiting = new Set<() => void>()

  constructor(id: PeerId, introducer: Introducer) {
    this.id = id
    this.introducer = introducer
  }

  hear(event: IntroducerEvent): void {
    this.events.push(event)
    for (const look of [...this.#waiting]) look()
  }

  all<T extends IntroducerEvent['type']>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type)
  }

  /** Ids that were introduced. */
  known(): PeerId[] {
    return this.all('introduced').flatMap(({ contacts }) => contacts.map(({ id }) => id))
  }

  /** The first such event, past or to come. */
  heard<T extends IntroducerEvent['type']>(
    type: T,
    isMeant: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.all(type).find(isMeant)
        if (found === undefined) return
        clearTimeout(deadline)
        this.#waiting.delete(look)
        resolve(found)
      }
      const deadline = setTimeout(() => reject(new Error(this.#missing(type))), PATIENCE_MS)
      this.#waiting.add(look)
      look()
    })
  }

  /**
   * Signals a peer that closed until that is undeliverable. A remote place learns of the end a moment later, and what it
   * carries in between vanishes without a word; so one signal would not do.
   */
  async learnsOfEnd(of: PeerId): Promise<void> {
    const signal = () => this.introducer.signal(of, patterned(10))
    const again = setInterval(signal, SIGNAL_AGAIN_MS)
    signal()
    await this.heard('undeliverable', ({ to }) => to === of).finally(() => clearInterval(again))
  }

  #missing(type: string): string {
    const heard = this.events.map((event) => event.type).join(', ')
    return `waited ${PATIENCE_MS} ms for '${type}'; heard: ${heard || 'nothing'}`
  }
}

function throwsRangeError(action: () => void): boolean {
  try {
    action()
    return false
  } catch (error) {
    return error instanceof RangeError
  }
}

function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + length) & 0xff)
}

function isPatterned(bytes: Uint8Array): boolean {
  return bytes.every((byte, index) => byte === ((index * 7 + bytes.length) & 0xff))
}
