// The message codec of signaling, and what its two ends need of identities: all that the signaling server takes from core.

export { type Contact, contactBytes, isAcceptable, makeContact } from '../identity/contact.ts'
export { isId, type PeerId } from '../identity/peer-id.ts'
export { base64urlLength, fromBase64url, toBase64url } from './base64url.ts'
export { isPermanent, SIGNALING_ERRORS, type SignalingError } from './errors.ts'
export { joinBytes } from './join-proof.ts'
export {
  CHECK_IN_MS_MAX,
  CHECK_IN_MS_MIN,
  INTRODUCED_MAX,
  LINKS_SAID_MAX,
  NETWORK_ID_DIGITS,
  NONCE_BYTES,
  SIGNAL_BYTES_MAX,
  SIGNALING_MESSAGE_BYTES_MAX,
  WANTED_MAX,
} from './limits.ts'
export {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  type JoinMessage,
  type ServerMessage,
  SIGNALING_VERSION,
} from './messages.ts'
