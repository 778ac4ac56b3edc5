// The closed lists of codes. A failed operation carries a FailureCode; a link that ends carries a CloseCode, which also
// travels in BYE as a number. What a remote sends never throws: it costs the remote score (Offence).

/** Why an operation failed. The SDK rejects with its one error class and this code. */
export type FailureCode =
  | 'ABORTED'
  | 'CLOSED'
  | 'TIMEOUT'
  | 'NO_PEERS'
  | 'NOT_FOUND'
  | 'PEER_UNREACHABLE'
  | 'NO_HANDLER'
  | 'HANDLER_FAILED'
  | 'RECORD_REJECTED'
  | 'TOO_LARGE'
  | 'BUSY'
  | 'STORAGE_FULL'
  | 'STORAGE_FAILED'
  | 'IDENTITY_IN_USE'
  | 'INVITE_INVALID'
  | 'VERSION_MISMATCH'
  | 'SIGNALING_FAILED'
  | 'LINK_FAILED'
  | 'UNSUPPORTED'

/** Why a link ended, in the order of its number in BYE (PROTOCOL.md, LK-9). Append only. */
export const CLOSE_CODES = [
  'left',
  'pruned',
  'duplicate',
  'superseded',
  'busy',
  'version-mismatch',
  'wrong-network',
  'wrong-identity',
  'bad-proof',
  'protocol-violation',
  'banned',
  'silent',
  'handshake-timeout',
  'overloaded',
  'cut',
] as const
export type CloseCode = (typeof CLOSE_CODES)[number]

/** What a remote did wrong, counted per link and taken off its score. */
export type Offence =
  | 'malformed-frame'
  | 'unknown-type'
  | 'before-proof'
  | 'bad-signature'
  | 'bad-work'
  | 'flood'
  | 'unsolicited'
  | 'bad-signal'
