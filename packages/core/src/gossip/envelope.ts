// What an author signs and what names a message. Both are cut out of the frame's own bytes, so that what was verified,
// what is named and what is forwarded are the same bytes.

import { sha256 } from '@noble/hashes/sha2.js'
import { CONTACT_BYTES, type Contact } from '../identity/contact.ts'
import { concatBytes, fromHex, toHex, utf8 } from '../wire/bytes.ts'
import { encodeFrame, FLAG_DIRECT, HEADER_BYTES } from '../wire/codec.ts'
import type { MessageId, MessageOf, TopicId } from '../wire/messages.ts'

const DOMAIN = utf8('hyphae gossip 1')
const SIGNATURE_BYTES = 64
/** Bytes of topic, author, boot and counter, which follow the header without a gap. */
const NAMES_BYTES = 16 + CONTACT_BYTES + 8 + 4
/** Bytes of the payload's length, which is not signed: the payload ends the signed bytes. */
const LENGTH_BYTES = 2
const NO_SIGNATURE = new Uint8Array(SIGNATURE_BYTES)

export type GossipMessage = MessageOf<'GOSSIP'>

export interface Envelope {
  readonly topic: TopicId
  readonly author: Contact
  readonly boot: number
  readonly counter: number
  readonly payload: Uint8Array
}

/** What every signature of this network begins with. */
export function gossipDomain(networkId: string): Uint8Array {
  return concatBytes(DOMAIN, fromHex(networkId))
}

/** A frame with an empty signature. */
export function draftFrame(envelope: Envelope, ttl: number): Uint8Array {
  return encodeFrame({ type: 'GOSSIP', ...envelope, signature: NO_SIGNATURE }, ttl)
}

/** `domain || networkId || topic || author || boot || counter || payload` of a frame (PROTOCOL.md, GS-2). */
export function signedBytes(domain: Uint8Array, frame: Uint8Array): Uint8Array {
  const names = frame.subarray(HEADER_BYTES, HEADER_BYTES + NAMES_BYTES)
  const payload = frame.subarray(HEADER_BYTES + NAMES_BYTES + LENGTH_BYTES, frame.length - SIGNATURE_BYTES)
  return concatBytes(domain, names, payload)
}

/** The draft with its signature in place. */
export function sealFrame(draft: Uint8Array, signature: Uint8Array): Uint8Array {
  const frame = draft.slice()
  frame.set(signature, frame.length - SIGNATURE_BYTES)
  return frame
}

/** The frame as its publisher hands it to all links at once; neither signature nor id cover the flags. */
export function asDirect(frame: Uint8Array): Uint8Array {
  const marked = frame.slice()
  marked[2] = FLAG_DIRECT
  return marked
}

/** First 16 bytes of SHA-256 over everything behind the header: the signature counts, TTL and flags do not. */
export function messageIdOf(frame: Uint8Array): MessageId {
  return toHex(sha256(frame.subarray(HEADER_BYTES)).subarray(0, 16)) as MessageId
}
