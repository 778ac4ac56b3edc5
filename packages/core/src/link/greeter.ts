// The first words on every connection: HELLO and PROOF, and what tells two boots of one identity apart. It says what is
// to become of a connection; the link set does it.

import type { AttemptId, LinkBinding, LinkId, LinkRole, Millis, Random, SignalingPath } from '../contract.ts'
import type { CloseCode } from '../errors.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { Out, SignEffect, VerifyEffect } from '../machine.ts'
import type { Frame } from '../wire/codec.ts'
import type { MessageOf } from '../wire/messages.ts'
import { Connection } from './connection.ts'
import { bootStatement, decodeBootProof, Handshake, isBinding, type LocalHello } from './handshake.ts'

/** `boot`: our statement · `proof`: our PROOF · `check`: the remote's · `rival`: the boot of somebody with our identity. */
export type LinkToken = `boot` | `proof:${LinkId}` | `check:${LinkId}` | `rival:${number}`
export type GreetEffect = SignEffect<LinkToken> | VerifyEffect<LinkToken>

export interface OpenedLink {
  readonly link: LinkId
  readonly attempt: AttemptId
  readonly role: LinkRole
  readonly binding: LinkBinding
  readonly remoteGroup: string
}

export interface GreeterOptions {
  readonly self: Contact
  readonly networkId: string
  readonly workBits: number
}

export class Greeter {
  readonly #options: GreeterOptions
  readonly #random: Random
  #hello: LocalHello | null = null
  #bootId = 0

  constructor(options: GreeterOptions, random: Random) {
    this.#options = options
    this.#random = random
  }

  /** Our boot statement must be signed before anybody can be greeted. */
  start(bootId: number, out: Out<GreetEffect>): void {
    this.#bootId = bootId
    out.push({ type: 'sign', token: 'boot', bytes: bootStatement(this.#options.networkId, bootId) })
  }

  started(signature: Uint8Array): void {
    const { self, networkId } = this.#options
    this.#hello = { contact: self, networkId, bootId: this.#bootId, bootSignature: signature }
  }

  /** A connection ready to say HELLO, or null where the transport's facts are unusable. */
  greet(
    opened: OpenedLink,
    expected: { readonly peer: PeerId | null; readonly path: SignalingPath },
    hidden: boolean,
    now: Millis,
  ): Connection | null {
    if (this.#hello === null || !isBinding(opened.binding)) return null
    const handshake = new Handshake({
      local: this.#hello,
      role: opened.role,
      binding: opened.binding,
      expected: expected.peer,
      workBits: this.#options.workBits,
      nonce: this.#random.bytes(16),
      hidden,
    })
    return new Connection({ ...opened, handshake, signalingPath: expected.path }, now)
  }

  /** The code with which to close, or null where our PROOF is being signed. */
  onHello(
    connection: Connection,
    frame: Frame,
    hello: MessageOf<'HELLO'>,
    out: Out<GreetEffect>,
  ): CloseCode | null {
    const { handshake } = connection
    const { contact, bootId, bootSignature } = hello
    connection.remote = { contact, bootId, bootSignature }
    const code = handshake.takeHello(hello, frame.bytes)
    if (code !== null) return code
    if (hello.contact.id === this.#options.self.id) {
      this.#checkRival(hello.bootId, hello.bootSignature, out)
      return 'superseded'
    }
    connection.hidden = hello.hidden
    const bytes = handshake.localTranscript()
    out.push({ type: 'sign', token: `proof:${connection.link}`, bytes })
    return null
  }

  /** Has the remote's PROOF verified: `check:LINK` comes back. */
  checkProof(
    connection: Connection,
    { signingKey: key }: Contact,
    { signature }: MessageOf<'PROOF'>,
  ): GreetEffect {
    return {
      type: 'verify',
      token: `check:${connection.link}`,
      key,
      bytes: connection.handshake.remoteTranscript(),
      signature,
      cause: null,
    }
  }

  /** A neighbour closed our link because a newer boot of our identity greeted it; it must show that boot's statement. */
  onSuperseded(proof: Uint8Array, out: Out<GreetEffect>): void {
    const boot = decodeBootProof(proof)
    if (boot !== null) this.#checkRival(boot.bootId, boot.bootSignature, out)
  }

  #checkRival(bootId: number, signature: Uint8Array, out: Out<GreetEffect>): void {
    if (bootId <= this.#bootId) return
    const bytes = bootStatement(this.#options.networkId, bootId)
    const key = this.#options.self.signingKey
    out.push({ type: 'verify', token: `rival:${bootId}`, key, bytes, signature, cause: null })
  }
}

/** The link that a token is about. */
export function linkOf(token: LinkToken): LinkId {
  return Number(token.slice(token.indexOf(':') + 1))
}
