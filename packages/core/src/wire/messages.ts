// The one table of messages; section "Messages" of PROTOCOL.md is the same, and a test compares them. *link* messages travel
// in frames between linked peers; *routed* ones inside ROUTE and ROUTE_REPLY; *sealed* ones inside SIGNAL, encrypted to the
// target.

import {
  BULK_MESSAGE_BYTES_MAX,
  CONTACTS_PER_FRAME_MAX,
  FRAME_BYTES_MAX,
  HOPS_MAX,
  NAME_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  SIBLINGS_MAX,
  TOPICS_MAX,
} from '../limits.ts'
import {
  bytes,
  choice,
  contact,
  type Fields,
  fixed,
  flag,
  hex,
  key,
  list,
  peerId,
  rest,
  text,
  u8,
  u16,
  u32,
  u53,
  type ValueOf,
} from './fields.ts'
import { record } from './record-field.ts'

/** 16 random bytes that name an operation or a request, as 32 hexadecimal digits. */
export type OperationId = string & { readonly operation: unique symbol }
/** First 16 bytes of SHA-256 over a gossip envelope with its signature, as 32 hexadecimal digits. */
export type MessageId = string & { readonly message: unique symbol }
/** First 16 bytes of a topic's hash, as 32 hexadecimal digits. */
export type TopicId = string & { readonly topic: unique symbol }

const operation = hex<OperationId>(16)
const messageId = hex<MessageId>(16)
const topic = hex<TopicId>(16)
/** First 4 bytes of the ids of the peers a routed message has seen: enough to avoid loops, not to name peers. */
const visited = list(hex(4), HOPS_MAX)
const signature = fixed(64)

/**
 * Bytes of the message inside ROUTE: a frame less its header, its other fields with a full list of the visited, and an
 * empty source route. Whoever forwards adds to that list, and must never be made to send a frame that is too long.
 */
export const ROUTED_BYTES_MAX = FRAME_BYTES_MAX - (4 + 16 + 1 + 1 + 32 + (2 + 4 * HOPS_MAX) + 2)

/** Ids in one IHAVE or GRAFT. */
export const IDS_PER_FRAME_MAX = 512

interface Declaration<F extends Fields> {
  readonly type: number
  readonly layer: 'link' | 'routed' | 'sealed'
  readonly fields: F
}

function link<F extends Fields>(type: number, fields: F): Declaration<F> {
  return { type, layer: 'link', fields }
}
function routed<F extends Fields>(type: number, fields: F): Declaration<F> {
  return { type, layer: 'routed', fields }
}
function sealed<F extends Fields>(type: number, fields: F): Declaration<F> {
  return { type, layer: 'sealed', fields }
}

export const MESSAGES = {
  // Link (0x01 to 0x0f)
  HELLO: link(0x01, {
    versionMin: u8,
    versionMax: u8,
    networkId: hex(16),
    contact,
    nonce: fixed(16),
    bootId: u53,
    bootSignature: signature,
    features: u32,
    hidden: flag,
  }),
  PROOF: link(0x02, { signature }),
  PING: link(0x03, { nonce: u32 }),
  PONG: link(0x04, { nonce: u32 }),
  /** `proof`: for code `superseded`, id and signature of the newer boot of the same identity (LK-8); else empty. */
  BYE: link(0x05, { code: u8, bulkSent: u53, proof: bytes(512) }),
  BYE_ACK: link(0x06, { bulkReceived: u53 }),
  /** `reasons`: bits of LinkReason; 0 lets the other side prune. */
  WANT: link(0x08, { reasons: u8, hidden: flag }),
  /** `linked`: live links of the sender; `siblings` and `gone`: changes of its sibling list; `servers`: introducers it uses. */
  PEER_EXCHANGE: link(0x09, {
    linked: list(contact, CONTACTS_PER_FRAME_MAX),
    siblings: list(contact, SIBLINGS_MAX),
    gone: list(peerId, SIBLINGS_MAX),
    servers: list(text(NAME_BYTES_MAX), 4),
    /** Round trips to `linked`, in their order (RT-10). */
    delays: rest(CONTACTS_PER_FRAME_MAX),
  }),
  DATA: link(0x0a, { stream: u32, offset: u53, bytes: rest(BULK_MESSAGE_BYTES_MAX) }),

  // Direct requests (0x10 to 0x17), routed even over one link, and signed by whoever made them
  /** `signature`: by the sender over domain, network, request, target, time, name and payload (RQ-2). */
  REQUEST: routed(0x10, {
    request: operation,
    sender: contact,
    sentAt: u53,
    signature,
    name: text(NAME_BYTES_MAX),
    payload: rest(PAYLOAD_BYTES_MAX),
  }),
  /** `signature`: by the responder over domain, network, request, requester, status and payload (RQ-3). */
  RESPONSE: routed(0x11, {
    request: operation,
    responder: contact,
    status: choice(4),
    signature,
    payload: rest(PAYLOAD_BYTES_MAX),
  }),

  // Routing (0x18 to 0x1f)
  /** `mode`: ROUTE_MODES. `via`: hops still to take as told. */
  ROUTE: link(0x18, {
    operation,
    path: u8,
    mode: choice(5),
    target: key,
    visited,
    via: list(peerId, HOPS_MAX),
    inner: rest(ROUTED_BYTES_MAX),
  }),
  ROUTE_ACK: link(0x19, { operation, path: u8 }),
  ROUTE_NACK: link(0x1a, { operation, path: u8, hopsLeft: u8, visited }),
  /** `last`: nothing more will follow on this way back. */
  ROUTE_REPLY: link(0x1b, { operation, path: u8, hops: u8, last: flag, inner: rest(FRAME_BYTES_MAX) }),

  // DHT (0x20 to 0x27)
  /** `what`: 0 the contacts closest to the target that the responder knows, 1 those of them it is linked to, 2 its links. */
  FIND: routed(0x20, { target: key, what: choice(3), count: u8 }),
  /** `holds`: whether the responder holds a record under the target; `degree`: its links. */
  FOUND: routed(0x21, {
    responder: contact,
    contacts: list(contact, CONTACTS_PER_FRAME_MAX),
    degree: u8,
    holds: flag,
    signature,
  }),
  /** `head`: only whether a copy is held and of which version, answered by STORED or ABSENT. */
  GET: routed(0x22, { key, head: flag }),
  /** `lifeSeconds`: how long the holder would still keep it. */
  VALUE: routed(0x23, { holder: contact, lifeSeconds: u32, record }),
  ABSENT: routed(0x24, { responder: contact, key }),
  /** `wanted`: copies the closest peer shall make, itself included; `lifeSeconds`: how long a copy lives. */
  STORE: routed(0x25, { wanted: u8, lifeSeconds: u32, record }),
  /** Keep this copy; do not pass it on. `origin`: the STORE it comes from, whose sender wants proof; all zero: no proof is wanted. */
  REPLICA: routed(0x26, { origin: operation, lifeSeconds: u32, record }),
  /**
   * `result`: 0 kept, 1 a newer version is held, 2 refused. `rank`, `tie`: the version held (the one offered, where refused).
   * `wanted`: copies on their way, from the peer that makes them; else 0. `signature`: zero where no proof was wanted.
   */
  STORED: routed(0x27, {
    holder: contact,
    key,
    rank: u53,
    tie: hex(8),
    result: choice(3),
    wanted: u8,
    signature,
  }),

  // Signaling through the overlay (0x28 to 0x2f)
  SIGNAL: routed(0x28, { sender: contact, box: rest(FRAME_BYTES_MAX) }),
  /** `kind`: 0 offer, 1 answer, 2 more candidates, 3 refused as busy. */
  SIGNAL_BODY: sealed(0x29, {
    attempt: hex(8),
    kind: choice(4),
    reasons: u8,
    alternatives: list(contact, 4),
    data: rest(12 * 1024),
  }),

  // Gossip (0x30 to 0x3f)
  GOSSIP: link(0x30, {
    topic,
    author: contact,
    boot: u53,
    counter: u32,
    payload: bytes(PAYLOAD_BYTES_MAX),
    signature,
  }),
  IHAVE: link(0x31, { topic, ids: list(messageId, IDS_PER_FRAME_MAX), reconcile: flag }),
  /**
   * Send these and, unless `pullOnly`, make the sender a child in the trees of their authors; what it has announced is then not
   * sent (GS-15). Without ids: a place in the shared tree (GS-17).
   */
  GRAFT: link(0x32, { topic, ids: list(messageId, IDS_PER_FRAME_MAX), pullOnly: flag }),
  PRUNE: link(0x33, { topic }),
  /** Topics the sender subscribes to or forwards: all of them (`all`), or changes. */
  TOPICS: link(0x34, { all: flag, added: list(topic, TOPICS_MAX), removed: list(topic, TOPICS_MAX) }),
  /** The sender wants the topic through this link: remember it and pass it on toward the topic's key. */
  SUBSCRIBE: link(0x35, { topic, target: key, lifeSeconds: u16 }),
  UNSUBSCRIBE: link(0x36, { topic }),
} as const

export type MessageName = keyof typeof MESSAGES
type Body<F> = { readonly [N in keyof F]: ValueOf<F[N]> }
export type MessageOf<N extends MessageName> = { readonly type: N } & Body<(typeof MESSAGES)[N]['fields']>
export type Message = { [N in MessageName]: MessageOf<N> }[MessageName]
