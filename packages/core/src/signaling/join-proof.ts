// What a client signs to join (SG-5). The server's address is not part of it, because a server behind a proxy does not
// know its own. So a server that we join could join another one in our name while we are connected; it could then drop
// what is meant for us there, which it can here too, and still not read or forge it.

import { concatBytes, fromHex, utf8 } from '../wire/bytes.ts'

const JOIN_DOMAIN = utf8('hyphae signaling join 1')

/** `domain || nonce || networkId`: the text in UTF-8, 32 bytes of the server's choice, and the id's 16 bytes. */
export function joinBytes(nonce: Uint8Array, networkId: string): Uint8Array {
  return concatBytes(JOIN_DOMAIN, nonce, fromHex(networkId))
}
