// Why a signaling server ends a connection: a closed list, in the protocol (SG-12).

/** Coming back does not help: the client stops and says so. */
const PERMANENT_ERRORS = [
  /** No version in common. */
  'version-mismatch',
  /** A message that is not in the protocol. */
  'malformed',
  /** A message that may not come now: before the join, or a second join. */
  'unexpected',
  /** The signature of the join is not of this key, nonce and network. */
  'bad-proof',
  /** The id has less work than this server asks for. */
  'bad-work',
  /** The server does not serve pages of this origin. */
  'bad-origin',
  /** The same identity joined again, over a newer connection. */
  'superseded',
] as const

/** Coming back later helps. */
const PASSING_ERRORS = [
  /** More messages than one connection or one address may send. */
  'flood',
  /** No room for another network. */
  'full',
  /** No join within the time for it. */
  'join-timeout',
  /** The server stops, or starts anew. */
  'draining',
] as const

export const SIGNALING_ERRORS = [...PERMANENT_ERRORS, ...PASSING_ERRORS] as const
export type SignalingError = (typeof SIGNALING_ERRORS)[number]

/** Whether a client that got this error must not come back by itself. */
export function isPermanent(error: SignalingError): boolean {
  return (PERMANENT_ERRORS as readonly string[]).includes(error)
}
