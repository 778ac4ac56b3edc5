// The messages between a client and the signaling server, declared once: types, encoder and decoder follow from two
// tables. Each is one JSON object in one WebSocket text message. The rules are in the README of the signaling server.

import type { PeerId } from '../identity/peer-id.ts'
import { SIGNALING_ERRORS } from './errors.ts'
import {
  asObject,
  bytes,
  contact,
  type Fields,
  flag,
  hex,
  integer,
  list,
  readFields,
  struct,
  text,
  type ValuesOf,
  word,
  writeFields,
} from './fields.ts'
import * as limits from './limits.ts'

/** The version spoken here. A change that an older end would misread takes the next number. */
export const SIGNALING_VERSION = 1

const version = integer(1, 255)
const count = integer(0, limits.WANTED_MAX)
const links = integer(0, limits.LINKS_SAID_MAX)
const peerId = hex<PeerId>(64)
const signalData = bytes(1, limits.SIGNAL_BYTES_MAX)
const checkInMs = integer(limits.CHECK_IN_MS_MIN, limits.CHECK_IN_MS_MAX)

const CLIENT_FIELDS = {
  /** The answer to `challenge`: who we are, with the signature of `joinBytes`. */
  join: {
    version,
    network: hex(limits.NETWORK_ID_DIGITS),
    contact,
    signature: bytes(limits.SIGNATURE_BYTES, limits.SIGNATURE_BYTES),
    links,
    wanted: struct({ random: count, close: count }),
  },
  /** Asks for contacts; always answered by `introduced`. */
  introduce: { random: count, close: count },
  /** Asks to hand bytes to a peer of the same network. */
  signal: { to: peerId, data: signalData },
  /** How many links we have: with enough of them we may be released. */
  meshed: { links },
} as const satisfies Record<string, Fields>

const SERVER_FIELDS = {
  /** First message. The client answers `join` with a version of this range. */
  challenge: {
    versions: struct({ min: version, max: version }),
    nonce: bytes(limits.NONCE_BYTES, limits.NONCE_BYTES),
  },
  /** The join is accepted. `stay`: we are wanted as introducer. `online`: joined connections of the network. */
  welcome: { stay: flag, checkInMs, online: integer(0, 0x7fff_ffff) },
  introduced: { contacts: list(contact, limits.INTRODUCED_MAX) },
  /** A peer of the same network, whose contact the server has checked, sends bytes. */
  signal: { from: contact, data: signalData },
  /** A signal of ours was dropped: its target is not connected here, or does not read. */
  undeliverable: { to: peerId },
  /** We may disconnect, and come back after about `checkInMs`. */
  release: { checkInMs },
  /** We are wanted as introducer from now on; takes back a `release`. */
  stay: {},
  /** Last message before the server closes. */
  error: { code: word(SIGNALING_ERRORS), message: text(limits.ERROR_TEXT_MAX) },
} as const satisfies Record<string, Fields>

type MessageOf<Table> = {
  [N in keyof Table]: { readonly type: N } & ValuesOf<Table[N]>
}[keyof Table]

export type ClientMessage = MessageOf<typeof CLIENT_FIELDS>
export type ServerMessage = MessageOf<typeof SERVER_FIELDS>
export type JoinMessage = Extract<ClientMessage, { type: 'join' }>

export function encodeClientMessage(message: ClientMessage): string {
  return encode(CLIENT_FIELDS, message)
}

/** The message of a client, or null where the text is malformed in any way. */
export function decodeClientMessage(json: string): ClientMessage | null {
  return decode(CLIENT_FIELDS, json) as ClientMessage | null
}

export function encodeServerMessage(message: ServerMessage): string {
  return encode(SERVER_FIELDS, message)
}

/** The message of a server, or null where the text is malformed in any way. */
export function decodeServerMessage(json: string): ServerMessage | null {
  return decode(SERVER_FIELDS, json) as ServerMessage | null
}

function encode(table: Record<string, Fields>, message: { readonly type: string }): string {
  const fields = table[message.type] as Fields
  return JSON.stringify({ type: message.type, ...writeFields(fields, { ...message }) })
}

/** Exactly the fields of its type, each within its bounds: versions, not extra fields, carry what is new. */
function decode(table: Record<string, Fields>, json: string): { readonly type: string } | null {
  const object = json.length <= limits.SIGNALING_MESSAGE_BYTES_MAX ? parseObject(json) : null
  const type = object?.['type']
  if (object === null || typeof type !== 'string' || !Object.hasOwn(table, type)) return null
  const fields = table[type] as Fields
  if (Object.keys(object).length !== Object.keys(fields).length + 1) return null
  const values = readFields(fields, object)
  return values ? { type, ...values } : null
}

function parseObject(json: string): Record<string, unknown> | null {
  try {
    return asObject(JSON.parse(json))
  } catch {
    // JSON.parse has no other way to say that the text is not JSON.
    return null
  }
}
