// Signals of in-memory transports: who offers, who answers, with which made-up fingerprint. Text, so that a person can
// read a trace.

export interface MemorySignal {
  readonly kind: 'offer' | 'answer'
  /** Name of the transport that speaks. */
  readonly endpoint: string
  /** Which of its ends. */
  readonly end: number
  /** 32 bytes as hexadecimal digits: what the other side binds its proof to. */
  readonly fingerprint: string
}

/** Signals are no longer than those of real transports. */
const SIGNAL_BYTES_MAX = 12 * 1024

export function encodeMemorySignal(signal: MemorySignal): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(signal))
}

/** The signal, or null where it is malformed or of another kind. */
export function decodeMemorySignal(bytes: Uint8Array, kind: MemorySignal['kind']): MemorySignal | null {
  if (bytes.length > SIGNAL_BYTES_MAX) return null
  const value = parse(new TextDecoder().decode(bytes))
  if (typeof value !== 'object' || value === null) return null
  const { endpoint, end, fingerprint, kind: given } = value as Partial<Record<keyof MemorySignal, unknown>>
  if (given !== kind || typeof endpoint !== 'string' || typeof end !== 'number') return null
  if (typeof fingerprint !== 'string' || !/^[0-9a-f]{64}$/.test(fingerprint)) return null
  return { kind, endpoint, end, fingerprint }
}

/** 32 bytes that differ between ends and are the same in every run: FNV-1a, continued. */
export function madeUpFingerprint(endpoint: string, end: number): Uint8Array {
  let hash = 0x811c9dc5
  const stir = (byte: number) => {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  for (const byte of new TextEncoder().encode(`${endpoint}#${end}`)) stir(byte)
  return Uint8Array.from({ length: 32 }, (_, index) => {
    stir(index)
    return hash >>> 24
  })
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Whatever a remote sends that is no JSON is as malformed as JSON of the wrong shape.
    return null
  }
}
