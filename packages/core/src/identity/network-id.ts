// A network is its name and the work its ids cost. Peers of different networks never link.

import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, toHex, utf8 } from '../wire/bytes.ts'

/** Zero bits that an id's hash begins with, unless the network says otherwise: about a second of one core. */
export const WORK_BITS_DEFAULT = 16

const NETWORK_DOMAIN = utf8('hyphae network 1')
const TOPIC_DOMAIN = utf8('hyphae topic 1')

/** First 16 bytes of `SHA-256(domain || workBits || name)`, as 32 hexadecimal digits. */
export function networkIdOf(name: string, workBits: number = WORK_BITS_DEFAULT): string {
  return toHex(sha256(concatBytes(NETWORK_DOMAIN, Uint8Array.of(workBits), utf8(name))).subarray(0, 16))
}

/** `SHA-256(domain || networkId || topic)`: its key; the first 16 bytes are the topic's id on the wire. */
export function topicHash(networkId: string, topic: string): Uint8Array {
  return sha256(concatBytes(TOPIC_DOMAIN, utf8(networkId), utf8(topic)))
}
