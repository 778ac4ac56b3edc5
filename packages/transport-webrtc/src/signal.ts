// What two ends of an attempt tell each other, as compact JSON: `{"offer":sdp}`, `{"answer":sdp}` or
// `{"candidates":[…]}`. Nothing of a remote reaches simple-peer before it was read here, because simple-peer destroys a
// connection for a signal it does not understand, and obeys ones that we never send (renegotiate, transceiverRequest).

import { readCandidate } from './candidate.ts'
import { CANDIDATES_MAX, SIGNAL_BYTES_MAX } from './limits.ts'
import { type Description, readDescription, sdpOf } from './sdp.ts'

export type Signal = { readonly kind: 'description'; readonly description: Description } | CandidatesSignal

export interface CandidatesSignal {
  readonly kind: 'candidates'
  readonly candidates: readonly string[]
  /** Candidates left out: malformed, or of a kind that we do not take. */
  readonly droppedCandidates: number
}

/** A signal that names itself an offer or an answer but is none. */
export interface BrokenDescription {
  readonly kind: 'broken-offer' | 'broken-answer'
}

export function encodeDescription(description: Pick<Description, 'kind' | 'sdp' | 'candidates'>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ [description.kind]: sdpOf(description) }))
}

export function encodeCandidates(candidates: readonly string[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ candidates }))
}

/** The signal, or null where it is none. */
export function decodeSignal(bytes: Uint8Array): Signal | BrokenDescription | null {
  const value = bytes.length <= SIGNAL_BYTES_MAX ? parse(bytes) : null
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const [[name, content] = [], ...others] = Object.entries(value)
  if (others.length > 0) return null
  if (name === 'offer' || name === 'answer') return decodeDescription(name, content)
  return name === 'candidates' ? decodeCandidates(content) : null
}

function decodeDescription(kind: 'offer' | 'answer', content: unknown): Signal | BrokenDescription {
  const description = typeof content === 'string' ? readDescription(kind, content) : null
  return description ? { kind: 'description', description } : { kind: `broken-${kind}` }
}

function decodeCandidates(content: unknown): CandidatesSignal | null {
  if (!Array.isArray(content) || content.length > CANDIDATES_MAX) return null
  if (!content.every((line): line is string => typeof line === 'string')) return null
  const candidates = content.map(readCandidate).filter((candidate) => candidate !== null)
  return { kind: 'candidates', candidates, droppedCandidates: content.length - candidates.length }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // Bytes that are no UTF-8 or no JSON are one more malformed signal.
    return null
  }
}
