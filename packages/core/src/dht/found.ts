// FOUND: a peer names the contacts closest to a target. It signs over the operation it answers, so that a peer on the way
// can drop an answer but not invent or repeat one.

import { contactBytes } from '../identity/contact.ts'
import { fromHex, utf8 } from '../wire/bytes.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import { Writer } from '../wire/writer.ts'

const DOMAIN = utf8('hyphae found 1')

/** What a responder signs: domain, operation, responder, degree, holds, contacts. */
export function foundSignedBytes(
  operation: OperationId,
  found: Omit<MessageOf<'FOUND'>, 'type' | 'signature'>,
): Uint8Array {
  const writer = new Writer()
  writer.raw(DOMAIN)
  writer.raw(fromHex(operation))
  writer.raw(contactBytes(found.responder))
  writer.u8(found.degree)
  writer.u8(found.holds ? 1 : 0)
  for (const contact of found.contacts) writer.raw(contactBytes(contact))
  return writer.finish()
}
