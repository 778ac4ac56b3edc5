// Tabs of one browser profile introduce each other over a BroadcastChannel: no server, no network. Only pages of our own
// origin can post there; what they post is checked all the same, because an older version of the page may be among them.

import { type Contact, contactBytes, type PeerId, TokenBucket } from '@hyphae/core'
import type { Clock } from './ports/clock.ts'
import type { Introducer, IntroducerEvent, IntroducerIdentity } from './ports/introducer.ts'
import { checkSignal } from './ports/signal-limits.ts'
import { systemClock } from './system-clock.ts'
import { contactOf, type MessageWithContact, parseTabMessage, type TabMessage } from './tabs-message.ts'

/** Contacts taken per request: more siblings than that bring nothing that peer exchange would not. */
const CONTACTS_PER_REQUEST_MAX = 32
/** Milliseconds a sibling has to acknowledge a signal. It takes one or two unless its page hangs. A guess. */
const RECEIPT_MS = 500
/** Signals whose receipt is awaited; of those beyond it nobody hears when they are lost. */
const RECEIPTS_MAX = 64
/** Messages to us in a burst, and per second: 256 tabs that a browser restores at once stay below. More are dropped. */
const MESSAGES_BURST = 512
const MESSAGES_PER_SECOND = 256

/** What is used of a BroadcastChannel. */
export interface TabChannel {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage(message: unknown): void
  close(): void
}

export interface TabsIntroducerOptions {
  readonly clock?: Clock
  /** Opens the channel all tabs of a network share; the platform's BroadcastChannel unless a test replaces it. */
  readonly openChannel?: (name: string) => TabChannel
}

/** An introducer among the tabs of this profile, or `null` where the browser has no BroadcastChannel, or denies it. */
export function createTabsIntroducer(options: TabsIntroducerOptions = {}): Introducer | null {
  const openChannel = options.openChannel ?? platformChannel()
  return openChannel && new TabsIntroducer(options.clock ?? systemClock(), openChannel)
}

function platformChannel(): ((name: string) => TabChannel) | null {
  const open = (name: string) => new BroadcastChannel(name) as TabChannel
  try {
    open('').close()
    return open
  } catch {
    // Missing, or denied: Firefox denies it with all other storage where its user blocks cookies.
    return null
  }
}

interface Opened {
  readonly identity: IntroducerIdentity
  readonly channel: TabChannel
  readonly listener: (event: IntroducerEvent) => void
}

interface Receipt {
  readonly to: PeerId
  readonly cancel: () => void
}

class TabsIntroducer implements Introducer {
  readonly id = 'tabs'
  readonly path = 'tabs'
  readonly #clock: Clock
  readonly #openChannel: (name: string) => TabChannel
  readonly #receiptByNumber = new Map<number, Receipt>()
  /** For everything that is addressed to us. */
  readonly #allowance: TokenBucket
  #opened: Opened | null = null
  #nextNumber = 0
  #contactsWanted = 0

  constructor(clock: Clock, openChannel: (name: string) => TabChannel) {
    this.#clock = clock
    this.#openChannel = openChannel
    this.#allowance = new TokenBucket(MESSAGES_BURST, MESSAGES_PER_SECOND, clock.now())
  }

  open(identity: IntroducerIdentity, listener: (event: IntroducerEvent) => void): void {
    const channel = this.#openChannel(`hyphae/tabs/${identity.networkId}`)
    const opened = { identity, channel, listener }
    this.#opened = opened
    channel.onmessage = ({ data }) => this.#onMessage(opened, data)
    queueMicrotask(() => {
      if (this.#opened) listener({ type: 'up' })
    })
  }

  introduce(random: number, close: number): void {
    this.#contactsWanted = Math.min(random + close, CONTACTS_PER_REQUEST_MAX)
    this.#post((from) => ({ type: 'introduce', from }))
  }

  signal(to: PeerId, bytes: Uint8Array): void {
    checkSignal(bytes)
    const number = this.#nextNumber++
    // A copy, since cloning a view clones the whole buffer beneath it.
    const own = bytes.slice()
    this.#awaitReceipt(number, to)
    this.#post((from) => ({ type: 'signal', to, from, number, bytes: own }))
  }

  /** Siblings are always in reach: nothing to save by going quiet. */
  meshed(): void {}

  /** Nothing to connect to. */
  retryNow(): void {}

  close(): void {
    for (const receipt of this.#receiptByNumber.values()) receipt.cancel()
    this.#receiptByNumber.clear()
    this.#opened?.channel.close()
    this.#opened = null
  }

  #post(message: (from: Uint8Array) => TabMessage): void {
    if (!this.#opened) return
    this.#opened.channel.postMessage(message(contactBytes(this.#opened.identity.contact)))
  }

  #awaitReceipt(number: number, to: PeerId): void {
    if (!this.#opened || this.#receiptByNumber.size >= RECEIPTS_MAX) return
    const { listener } = this.#opened
    const cancel = this.#clock.wakeAt(this.#clock.now() + RECEIPT_MS, () => {
      this.#receiptByNumber.delete(number)
      listener({ type: 'undeliverable', to })
    })
    this.#receiptByNumber.set(number, { to, cancel })
  }

  #onMessage(opened: Opened, data: unknown): void {
    if (this.#opened !== opened) return
    const message = parseTabMessage(data)
    const ownId = opened.identity.contact.id
    if (!message || ('to' in message && message.to !== ownId)) return
    if (!this.#allowance.take(1, this.#clock.now())) return
    if (message.type === 'received') this.#onReceived(message.from, message.number)
    else this.#onMessageOf(contactOf(message), opened, message)
  }

  #onMessageOf(from: Contact, opened: Opened, message: MessageWithContact): void {
    if (from.id === opened.identity.contact.id) return
    if (message.type === 'introduce') this.#onIntroduce(from)
    else if (message.type === 'contact') this.#onContact(opened, from)
    else this.#onSignal(opened, from, message)
  }

  /** Answers at once: most siblings are hidden, where a timer is a second late and later a minute. */
  #onIntroduce(newcomer: Contact): void {
    this.#post((from) => ({ type: 'contact', to: newcomer.id, from }))
  }

  #onContact({ listener }: Opened, contact: Contact): void {
    if (this.#contactsWanted === 0) return
    this.#contactsWanted--
    listener({ type: 'introduced', contacts: [contact] })
  }

  #onSignal(opened: Opened, from: Contact, { number, bytes }: { number: number; bytes: Uint8Array }): void {
    const ownId = opened.identity.contact.id
    this.#post(() => ({ type: 'received', to: from.id, from: ownId, number }))
    opened.listener({ type: 'signal', from, bytes })
  }

  #onReceived(from: PeerId, number: number): void {
    const receipt = this.#receiptByNumber.get(number)
    if (receipt?.to !== from) return
    receipt.cancel()
    this.#receiptByNumber.delete(number)
  }
}
