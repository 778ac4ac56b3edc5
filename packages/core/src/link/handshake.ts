// What two ends say before anything else: HELLO, then PROOF (PROTOCOL.md, LK-1 to LK-6). The proof signs both HELLOs and
// both DTLS fingerprints, so whoever carried the offers can neither sit in the middle nor replay, reflect or downgrade.

import type { LinkBinding, LinkRole } from '../contract.ts'
import type { CloseCode } from '../errors.ts'
import { type Contact, isAcceptable } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { concatBytes, utf8 } from '../wire/bytes.ts'
import { encodeFrame, WIRE_VERSION } from '../wire/codec.ts'
import type { MessageOf } from '../wire/messages.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

/** Oldest and newest version this peer speaks. */
const VERSION_MIN = WIRE_VERSION
const VERSION_MAX = WIRE_VERSION

const PROOF_DOMAIN = utf8('hyphae link proof 1')
const BOOT_DOMAIN = utf8('hyphae boot 1')
const SIGNATURE_BYTES = 64
const ROLE_BYTE: Readonly<Record<LinkRole, number>> = { dialer: 0, listener: 1 }

/** A boot and its identity's signature over `bootStatement`. */
interface BootProof {
  readonly bootId: number
  readonly bootSignature: Uint8Array
}

/** What we say of ourselves in every HELLO. */
export interface LocalHello extends BootProof {
  readonly contact: Contact
  readonly networkId: string
}

/** What a HELLO says of its sender that is needed as long as the link lives. */
export interface Remote extends BootProof {
  readonly contact: Contact
}

export interface HandshakeOptions {
  readonly local: LocalHello
  readonly role: LinkRole
  readonly binding: LinkBinding
  /** Whom the dialer meant; null where anybody may answer (an invite) or the listener takes who comes. */
  readonly expected: PeerId | null
  readonly workBits: number
  readonly nonce: Uint8Array
  readonly hidden: boolean
}

/** What the signature of a boot is over: third parties see by it which of two boots of one identity is the newer. */
export function bootStatement(networkId: string, bootId: number): Uint8Array {
  const writer = new Writer()
  writer.raw(BOOT_DOMAIN)
  writer.hex(networkId)
  writer.u53(bootId)
  return writer.finish()
}

/** One end of one handshake. It makes and checks bytes; signing and verifying are the caller's jobs. */
export class Handshake {
  readonly helloFrame: Uint8Array
  readonly #options: HandshakeOptions
  #remoteFrame: Uint8Array | null = null

  constructor(options: HandshakeOptions) {
    this.#options = options
    this.helloFrame = encodeFrame({
      type: 'HELLO',
      versionMin: VERSION_MIN,
      versionMax: VERSION_MAX,
      networkId: options.local.networkId,
      contact: options.local.contact,
      nonce: options.nonce,
      bootId: options.local.bootId,
      bootSignature: options.local.bootSignature,
      features: 0,
      hidden: options.hidden,
    })
  }

  /** Takes the remote's HELLO, once; the code with which to close, or null where it is acceptable. */
  takeHello(hello: MessageOf<'HELLO'>, frame: Uint8Array): CloseCode | null {
    this.#remoteFrame = frame
    if (hello.networkId !== this.#options.local.networkId) return 'wrong-network'
    if (hello.versionMin > VERSION_MAX || hello.versionMax < VERSION_MIN) return 'version-mismatch'
    const { expected, workBits } = this.#options
    if (!isAcceptable(hello.contact, workBits)) return 'wrong-identity'
    return expected === null || hello.contact.id === expected ? null : 'wrong-identity'
  }

  /** What our PROOF signs. Only after `takeHello`. */
  localTranscript(): Uint8Array {
    return this.#transcript(this.#options.role)
  }

  /** What the remote's PROOF must have signed. Only after `takeHello`. */
  remoteTranscript(): Uint8Array {
    return this.#transcript(this.#options.role === 'dialer' ? 'listener' : 'dialer')
  }

  #transcript(signer: LinkRole): Uint8Array {
    const { role, binding } = this.#options
    const remote = this.#remoteFrame as Uint8Array
    const dialing = role === 'dialer'
    return concatBytes(
      PROOF_DOMAIN,
      Uint8Array.of(ROLE_BYTE[signer]),
      dialing ? this.helloFrame : remote,
      dialing ? remote : this.helloFrame,
      dialing ? binding.local : binding.remote,
      dialing ? binding.remote : binding.local,
    )
  }
}

/** Shows third parties that a boot is there (LK-8): its id and its signature, 72 bytes, as BYE carries them. */
export function encodeBootProof({ bootId, bootSignature }: BootProof): Uint8Array {
  const writer = new Writer()
  writer.u53(bootId)
  writer.raw(bootSignature)
  return writer.finish()
}

/** What `encodeBootProof` wrote, or null. */
export function decodeBootProof(bytes: Uint8Array): BootProof | null {
  const reader = new Reader(bytes)
  const proof = { bootId: reader.u53(), bootSignature: reader.raw(SIGNATURE_BYTES) }
  return reader.done ? proof : null
}

/** Whether both fingerprints are of SHA-256. */
export function isBinding(binding: LinkBinding): boolean {
  return binding.local.length === 32 && binding.remote.length === 32
}
