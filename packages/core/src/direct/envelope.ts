// What is signed of a request and of its response (PROTOCOL.md, RQ-2 and RQ-3). Both name the other side, so that neither
// can be turned on somebody else, and the network, so that a key used in two of them is two strangers.

import { contactBytes } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { utf8 } from '../wire/bytes.ts'
import type { MessageOf } from '../wire/messages.ts'
import { Writer } from '../wire/writer.ts'

const REQUEST_DOMAIN = utf8('hyphae request 1')
const RESPONSE_DOMAIN = utf8('hyphae response 1')

/**
 * Domain, network, request, sender, target, time, length-prefixed name, payload. The sender's whole contact: its key alone,
 * beside another exchange key and salt, would make another peer.
 */
export function requestSignedBytes(
  networkId: string,
  to: PeerId,
  request: Omit<MessageOf<'REQUEST'>, 'type' | 'signature'>,
): Uint8Array {
  const name = utf8(request.name)
  const writer = new Writer()
  writer.raw(REQUEST_DOMAIN)
  writer.hex(networkId)
  writer.hex(request.request)
  writer.raw(contactBytes(request.sender))
  writer.hex(to)
  writer.u53(request.sentAt)
  writer.u8(name.length)
  writer.raw(name)
  writer.raw(request.payload)
  return writer.finish()
}

/** Domain, network, request, requester, status, payload. */
export function responseSignedBytes(
  networkId: string,
  requester: PeerId,
  response: Omit<MessageOf<'RESPONSE'>, 'type' | 'responder' | 'signature'>,
): Uint8Array {
  const writer = new Writer()
  writer.raw(RESPONSE_DOMAIN)
  writer.hex(networkId)
  writer.hex(response.request)
  writer.hex(requester)
  writer.u8(response.status)
  writer.raw(response.payload)
  return writer.finish()
}
