// Somebody with an identity and a transport, but no peer: it links as it should, and then sends what the test likes.

import type { AttemptId, Channel, Input, LinkId } from '../../src/contract.ts'
import { CLOSE_CODES, type CloseCode } from '../../src/errors.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { bootStatement, Handshake } from '../../src/link/handshake.ts'
import { SIGNAL_KINDS } from '../../src/link/signal-post.ts'
import { concatBytes } from '../../src/wire/bytes.ts'
import {
  decodeFrame,
  decodeInner,
  encodeFrame,
  encodeInner,
  type Frame,
  packBatches,
  splitBatch,
} from '../../src/wire/codec.ts'
import type { Message } from '../../src/wire/messages.ts'
import { attemptNumber, open, seal, sign } from '../link/stand-ins.ts'
import { INTRODUCER, NETWORK_ID, type PeerNetwork, type PeerNode } from './harness.ts'
import type { Participant } from './memory-links.ts'

let attempts = 0

export class Attacker implements Participant {
  readonly contact: Contact
  /** Frames the victim sent on this connection, as they came. */
  readonly heard: Frame[] = []
  link: LinkId | null = null
  goodbye: CloseCode | null = null
  /** Whether the victim has proved itself, and so has a link to us. */
  isLinked = false
  /** Whether it leaves the handshake to the test. */
  isSilent = false
  handshake: Handshake | null = null
  attempt: AttemptId
  readonly #network: PeerNetwork
  readonly #victim: PeerNode

  constructor(network: PeerNetwork, contact: Contact, victim: PeerNode) {
    this.#network = network
    this.contact = contact
    this.#victim = victim
    this.attempt = attemptNumber(1_000_000 + attempts++)
    network.join(this)
  }

  /** Offers a connection through the introducer. */
  dial(attempt: AttemptId = this.attempt): this {
    this.attempt = attempt
    this.#network.perform(this, { type: 'dial', attempt, contact: this.#victim.contact })
    return this
  }

  /** Dials and waits until the victim has a link to us. */
  links(): this {
    this.dial()
    this.#network.until(() => this.isLinked)
    return this
  }

  /** A signal to the victim, sealed as it should be. */
  signal(kind: keyof typeof SIGNAL_KINDS, data: Uint8Array, reasons = 0): void {
    const { attempt } = this
    const body = {
      type: 'SIGNAL_BODY',
      attempt,
      kind: SIGNAL_KINDS[kind],
      reasons,
      alternatives: [],
      data,
    } as const
    const bytes = seal(this.contact, this.#victim.contact, encodeInner(body))
    this.#network.perform(this, { type: 'carry-signal', via: INTRODUCER, to: this.#victim.id, bytes })
  }

  says(...frames: readonly (Uint8Array | Message)[]): void {
    const encoded = frames.map((frame) => (frame instanceof Uint8Array ? frame : encodeFrame(frame)))
    for (const batch of packBatches(encoded)) this.sends(batch)
  }

  sends(bytes: Uint8Array, channel: Channel = 'control'): void {
    if (this.link !== null) this.#network.perform(this, { type: 'send', link: this.link, channel, bytes })
  }

  deliver(input: Input): void {
    switch (input.type) {
      case 'local-signal':
        return this.signal('offer', input.bytes)
      case 'signal':
        return this.#onSignal(input.bytes)
      case 'link-opened':
        return this.#onOpened(input)
      case 'link-received':
        for (const part of splitBatch(input.bytes) ?? []) this.#onFrame(decodeFrame(part))
        return
      case 'link-closed':
        this.link = null
        this.isLinked = false
    }
  }

  #onSignal(box: Uint8Array): void {
    const bytes = open(this.contact, this.#victim.contact, box)
    const body = bytes && decodeInner(bytes, 'sealed')
    if (body?.type !== 'SIGNAL_BODY' || body.kind !== SIGNAL_KINDS.answer) return
    this.#network.perform(this, {
      type: 'apply-signal',
      attempt: body.attempt as AttemptId,
      bytes: body.data,
    })
  }

  #onOpened({ link, role, binding }: Input & { type: 'link-opened' }): void {
    this.link = link
    const bootSignature = sign(this.contact.signingKey, bootStatement(NETWORK_ID, 1))
    const local = { contact: this.contact, networkId: NETWORK_ID, bootId: 1, bootSignature }
    const nonce = concatBytes(new Uint8Array(15), Uint8Array.of(link & 0xff))
    this.handshake = new Handshake({
      local,
      role,
      binding,
      expected: null,
      workBits: 0,
      nonce,
      hidden: false,
    })
    if (!this.isSilent) this.says(this.handshake.helloFrame)
  }

  #onFrame(frame: Frame | null): void {
    if (frame === null) throw new Error('the victim sent a malformed frame')
    this.heard.push(frame)
    const { message } = frame
    if (message.type === 'HELLO') {
      this.handshake?.takeHello(message, frame.bytes)
      if (!this.isSilent) this.says(this.proof())
    } else if (message.type === 'PROOF') this.isLinked = true
    else if (message.type === 'BYE') this.goodbye = CLOSE_CODES[message.code] ?? null
  }

  proof(): Uint8Array {
    const transcript = (this.handshake as Handshake).localTranscript()
    return encodeFrame({ type: 'PROOF', signature: sign(this.contact.signingKey, transcript) })
  }
}
