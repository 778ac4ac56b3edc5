// Bytes of the rivals' messages. What is below the protocol (DTLS, SCTP, UDP) is left out, as in the simulator's own
// figures.

/** Bytes of type, length, request id and the like. Guess. */
export const HEADER_BYTES = 12
/** Bytes of a peer's id and of a key: 256 bits, as in our own protocol, where the papers have 128 or 160. */
export const ID_BYTES = 32
/** Bytes of a contact: id, and address and port as in BEP 5. */
export const CONTACT_BYTES = ID_BYTES + 6
/** Bytes of a gossip message's id: 20, as Ethereum's clients have it. */
export const MESSAGE_ID_BYTES = 20
/** Bytes around a payload: author (32), sequence (8), topic (about 16), signature (64). */
export const ENVELOPE_BYTES = 32 + 8 + 16 + 64

/** A gossip message in full. */
export function payloadMessageBytes(payloadBytes: number): number {
  return HEADER_BYTES + ENVELOPE_BYTES + payloadBytes
}

/** IHAVE, IWANT, IDONTWANT or a digest: ids of messages. */
export function idListBytes(ids: number): number {
  return HEADER_BYTES + ids * MESSAGE_ID_BYTES
}

/** A question for a key, with the id of who asks. */
export const QUESTION_BYTES = HEADER_BYTES + 2 * ID_BYTES

/** An answer that names contacts. */
export function contactsBytes(contacts: number): number {
  return HEADER_BYTES + contacts * CONTACT_BYTES
}

/** An answer that carries the value. */
export function valueAnswerBytes(valueBytes: number): number {
  return HEADER_BYTES + ID_BYTES + valueBytes
}
