// Session descriptions of remotes and our own (RFC 8866, 8829, 8841). A description is read strictly and written again
// with the lines that a data channel needs: an unknown line never reaches the browser (Firefox, for one, asks a third
// party when it sees `a=identity`), and the other end learns no more than it has to.

import { readCandidate } from './candidate.ts'
import { CANDIDATES_MAX, CONTROL_BYTES_MAX, SDP_LINES_MAX } from './limits.ts'

export type DescriptionKind = 'offer' | 'answer'

export interface Description {
  readonly kind: DescriptionKind
  /** Lines that we know, and no others; candidates apart. */
  readonly sdp: string
  /** In their shortest form, without `a=`. */
  readonly candidates: readonly string[]
  /** SHA-256 of the DTLS certificate, 32 bytes. */
  readonly fingerprint: Uint8Array
  /** Largest message the describing end takes, in bytes. */
  readonly messageBytesMax: number
  /** Candidates left out: malformed, of a kind that we do not take, or too many. */
  readonly droppedCandidates: number
}

/** RFC 8841, section 6.1: what an end takes that does not say. */
const MESSAGE_BYTES_UNSAID = 65_536

/** Lines outside of attributes: exactly one of each, in this order, and one media section. */
const FIXED_LINES: readonly RegExp[] = [
  /^v=0$/,
  /^o=[!-~]{1,64} \d{1,20} \d{1,20} IN IP[46] [0-9A-Za-z.:]{2,64}$/,
  /^s=[ -~]{1,64}$/,
  /^t=0 0$/,
  /^m=application [1-9]\d{0,4} UDP\/DTLS\/SCTP webrtc-datachannel$/,
  /^c=IN IP[46] [0-9A-Za-z.:]{2,64}$/,
]

/** Attributes that may pass, and their form. */
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  group: /^BUNDLE [\w-]{1,16}$/,
  mid: /^[\w-]{1,16}$/,
  'ice-ufrag': /^[\w+/]{4,256}$/,
  'ice-pwd': /^[\w+/]{22,256}$/,
  'ice-options': /^[\w ,:+-]{1,64}$/,
  fingerprint: /^sha-256 (?:[0-9a-f]{2}:){31}[0-9a-f]{2}$/i,
  setup: /^(?:actpass|active|passive)$/,
  'sctp-port': /^\d{1,5}$/,
  'max-message-size': /^\d{1,15}$/,
}

/** Attributes without which no data channel opens; each may be said again, but not otherwise. */
const REQUIRED = ['mid', 'ice-ufrag', 'ice-pwd', 'fingerprint', 'setup', 'sctp-port'] as const

/** The description, or null where it is not one of exactly one data channel association. */
export function readDescription(kind: DescriptionKind, text: string): Description | null {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  if (lines.length > SDP_LINES_MAX || !hasFixedLines(lines)) return null
  const values = valuesByAttribute(lines)
  if (!values || !isRoleOf(kind, values.get('setup'))) return null
  const fingerprint = readFingerprint(values.get('fingerprint') ?? '')
  const messageBytesMax = readMessageBytesMax(values.get('max-message-size'))
  if (!fingerprint || messageBytesMax < CONTROL_BYTES_MAX) return null
  const candidates = readCandidates(lines)
  const droppedCandidates = lines.filter(isCandidate).length - candidates.length
  return { kind, sdp: write(lines), candidates, fingerprint, messageBytesMax, droppedCandidates }
}

/** The description as browsers take it. */
export function sdpOf({ sdp, candidates }: Pick<Description, 'sdp' | 'candidates'>): string {
  return sdp + candidates.map((candidate) => `a=${candidate}\r\n`).join('')
}

/** The one SHA-256 fingerprint in a description as the browser reports it, or null where there is none or another. */
export function fingerprintOf(sdp: string): Uint8Array | null {
  const lines = sdp.split(/\r?\n/).filter((line) => line.startsWith('a=fingerprint:'))
  const values = new Set(lines.map((line) => line.slice('a=fingerprint:'.length).toLowerCase()))
  const [value, ...others] = values
  return value === undefined || others.length > 0 ? null : readFingerprint(value)
}

function hasFixedLines(lines: readonly string[]): boolean {
  const fixed = lines.filter((line) => !line.startsWith('a=') && !line.startsWith('b='))
  return (
    fixed.length === FIXED_LINES.length && FIXED_LINES.every((form, index) => form.test(fixed[index] ?? ''))
  )
}

/** Null where an attribute that we know has a wrong form, differs from its repetition, or is missing. */
function valuesByAttribute(lines: readonly string[]): Map<string, string> | null {
  const values = new Map<string, string>()
  for (const line of lines) {
    const { name, value } = attributeIn(line)
    const form = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined
    if (!form) continue
    // Firefox writes fingerprints in capitals in one place and both stacks repeat them per section.
    const plain = name === 'fingerprint' ? value.toLowerCase() : value
    if (!form.test(value) || (values.get(name) ?? plain) !== plain) return null
    values.set(name, plain)
  }
  return REQUIRED.every((name) => values.has(name)) ? values : null
}

/** An offer leaves the DTLS role open, an answer takes one (RFC 8842, section 5). */
function isRoleOf(kind: DescriptionKind, setup: string | undefined): boolean {
  return kind === 'offer' ? setup === 'actpass' : setup !== 'actpass'
}

function readFingerprint(value: string): Uint8Array | null {
  if (!ATTRIBUTES['fingerprint']?.test(value)) return null
  const pairs = value.slice('sha-256 '.length).split(':')
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16))
}

/** Zero means that there is no limit (RFC 8841, section 6.1). */
function readMessageBytesMax(value: string | undefined): number {
  const bytes = value === undefined ? MESSAGE_BYTES_UNSAID : Number(value)
  return bytes === 0 ? Number.MAX_SAFE_INTEGER : bytes
}

function readCandidates(lines: readonly string[]): string[] {
  const candidates = lines.filter(isCandidate).map(readCandidate)
  return candidates.filter((candidate) => candidate !== null).slice(0, CANDIDATES_MAX)
}

/** The end-of-candidates mark is left out: a peer whose gathering is cut short goes on trickling. */
function write(lines: readonly string[]): string {
  const isWritten = (line: string) => !line.startsWith('b=') && (!line.startsWith('a=') || isKnown(line))
  return [...lines.filter(isWritten), ''].join('\r\n')
}

function isKnown(line: string): boolean {
  return Object.hasOwn(ATTRIBUTES, attributeIn(line).name)
}

function isCandidate(line: string): boolean {
  return line.startsWith('a=candidate:')
}

function attributeIn(line: string): { readonly name: string; readonly value: string } {
  const [, name = '', value = ''] = /^a=([a-z-]+):(.*)$/.exec(line) ?? []
  return { name, value }
}
