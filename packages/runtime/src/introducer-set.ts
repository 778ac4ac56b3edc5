// The introducers in use, which may change while the peer runs. Their events become inputs; their states are for people.

import type { Input, PeerEvent, PeerId } from '@hyphae/core'
import type { Introducer, IntroducerEvent, IntroducerIdentity } from './ports/introducer.ts'

export type IntroducerState = 'connecting' | 'up' | 'down' | 'refused'

interface Entry {
  readonly introducer: Introducer
  state: IntroducerState
  detail: string
}

export class IntroducerSet {
  readonly #identity: IntroducerIdentity
  readonly #send: (input: Input) => void
  readonly #emit: (event: PeerEvent) => void
  readonly #entryById = new Map<string, Entry>()
  /** Said once to those that were there. */
  #links = 0

  constructor(identity: IntroducerIdentity, send: (input: Input) => void, emit: (event: PeerEvent) => void) {
    this.#identity = identity
    this.#send = send
    this.#emit = emit
  }

  openAll(introducers: readonly Introducer[]): void {
    for (const introducer of introducers) this.add(introducer)
  }

  /** One with the same id that is already there stays, unless it was refused: whoever names it again wants it tried again. */
  add(introducer: Introducer): void {
    const known = this.#entryById.get(introducer.id)
    if (known && known.state !== 'refused') return introducer.close()
    known?.introducer.close()
    const entry: Entry = { introducer, state: 'connecting', detail: '' }
    this.#entryById.set(introducer.id, entry)
    introducer.open(this.#identity, (event) => this.#onEvent(entry, event))
    if (this.#links > 0) introducer.meshed(this.#links)
  }

  remove(id: string): void {
    const entry = this.#entryById.get(id)
    if (entry === undefined) return
    this.#entryById.delete(id)
    entry.introducer.close()
    this.#send({ type: 'introducer-down', introducer: id, path: entry.introducer.path })
  }

  signal(via: string, to: PeerId, bytes: Uint8Array): void {
    this.#entryById.get(via)?.introducer.signal(to, bytes)
  }

  introduce(random: number, close: number): void {
    for (const { introducer } of this.#entryById.values()) introducer.introduce(random, close)
  }

  meshed(links: number): void {
    this.#links = links
    for (const { introducer } of this.#entryById.values()) introducer.meshed(links)
  }

  retryNow(): void {
    for (const { introducer, state } of this.#entryById.values())
      if (state !== 'refused') introducer.retryNow()
  }

  states(): { id: string; state: IntroducerState; detail: string }[] {
    return [...this.#entryById].map(([id, { state, detail }]) => ({ id, state, detail }))
  }

  closeAll(): void {
    for (const { introducer } of this.#entryById.values()) introducer.close()
    this.#entryById.clear()
  }

  #onEvent(entry: Entry, event: IntroducerEvent): void {
    const { id, path } = entry.introducer
    if (this.#entryById.get(id) !== entry) return
    switch (event.type) {
      case 'up':
        entry.state = 'up'
        entry.detail = ''
        return this.#send({ type: 'introducer-up', introducer: id, path })
      case 'down':
        return this.#onDown(entry, 'down', event.detail)
      case 'refused':
        return this.#onDown(entry, 'refused', `${event.code}: ${event.detail}`)
      case 'introduced':
        return this.#send({ type: 'introduced', contacts: event.contacts, source: id })
      case 'signal':
        return this.#send({ type: 'signal', via: id, from: event.from, bytes: event.bytes })
      case 'undeliverable':
        return this.#send({ type: 'undeliverable', via: id, to: event.to })
    }
  }

  #onDown(entry: Entry, state: 'down' | 'refused', detail: string): void {
    const { id, path } = entry.introducer
    entry.state = state
    entry.detail = detail
    this.#emit({ type: 'problem', code: 'SIGNALING_FAILED', message: `${id}: ${detail}` })
    this.#send({ type: 'introducer-down', introducer: id, path })
  }
}
