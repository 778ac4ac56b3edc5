// Offers and answers of simulated connections: which end speaks, and its fingerprint. A real one is some hundred bytes of
// SDP, so figures of bytes leave signals out.

export interface SimSignal {
  readonly kind: 'offer' | 'answer'
  /** Number of the end that speaks. */
  readonly end: number
  readonly fingerprint: Uint8Array
}

const KINDS = ['offer', 'answer'] as const
const HEADER_BYTES = 5
const SIGNAL_BYTES = HEADER_BYTES + 32

export function encodeSignal(signal: SimSignal): Uint8Array {
  const bytes = new Uint8Array(SIGNAL_BYTES)
  bytes[0] = KINDS.indexOf(signal.kind)
  new DataView(bytes.buffer).setUint32(1, signal.end)
  bytes.set(signal.fingerprint, HEADER_BYTES)
  return bytes
}

/** The signal, or null where it is malformed or of another kind. */
export function decodeSignal(bytes: Uint8Array, kind: SimSignal['kind']): SimSignal | null {
  if (bytes.length !== SIGNAL_BYTES || KINDS[bytes[0] as number] !== kind) return null
  const end = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
  return { kind, end, fingerprint: bytes.slice(HEADER_BYTES) }
}
