// Bounds of the signaling protocol, for both of its ends (README of the signaling server, SG-3).

/** Bytes of one sealed signal: an offer with its candidates takes 2 to 6 KiB, sealing adds less than 100. */
export const SIGNAL_BYTES_MAX = 12 * 1024
/** Characters, all of them ASCII, of one message: a sealed signal as base64url, a contact, and the words around. */
export const SIGNALING_MESSAGE_BYTES_MAX = 20 * 1024
/** Contacts of one kind (random or close) that one message may ask for: k of Kademlia. */
export const WANTED_MAX = 20
/** Contacts of one introduction: both kinds. */
export const INTRODUCED_MAX = 2 * WANTED_MAX
/** Bytes of the nonce that a join signs: 256 bits never repeat by chance. */
export const NONCE_BYTES = 32
/** Bytes of an Ed25519 signature (RFC 8032). */
export const SIGNATURE_BYTES = 64
/** Hexadecimal digits of a network id. */
export const NETWORK_ID_DIGITS = 32
/** Characters of an error's explanation. */
export const ERROR_TEXT_MAX = 200
/** Links that a peer may say it has. A peer holds at most 50; the rest is room for other implementations. */
export const LINKS_SAID_MAX = 65_535
/** Milliseconds between check-ins of a quiet peer, least and most. */
export const CHECK_IN_MS_MIN = 1_000
export const CHECK_IN_MS_MAX = 24 * 60 * 60_000
