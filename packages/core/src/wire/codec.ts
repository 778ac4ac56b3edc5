// Messages to bytes and back, driven by the table. A body is the type byte and the fields; a frame is a body behind a
// header; a batch is one channel message full of frames (PROTOCOL.md, section WR).

import { BULK_MESSAGE_BYTES_MAX, CONTROL_MESSAGE_BYTES_MAX, FRAME_BYTES_MAX } from '../limits.ts'
import type { Field } from './fields.ts'
import { MESSAGES, type Message, type MessageName } from './messages.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** The version of the wire format: the first byte of every frame. */
export const WIRE_VERSION = 1
/** Bytes of version, type, flags and TTL. */
export const HEADER_BYTES = 4
/**
 * A small gossip message: its author's *direct* ones have a tree of their own, which begins with all the author's topic links
 * (GS-10). So what its many duplicates prune (GS-12) is that tree alone. Not signed; it stays as its author set it (WR-6).
 */
export const FLAG_DIRECT = 0b0000_0001
/** Flags that mean something; a frame with any other is malformed (WR-7). */
const FLAGS_BY_TYPE: Readonly<Record<number, number>> = { [MESSAGES.GOSSIP.type]: FLAG_DIRECT }

export interface Frame {
  readonly ttl: number
  readonly flags: number
  readonly message: Message
  /** The frame as it came, to be forwarded with only the TTL patched. */
  readonly bytes: Uint8Array
}

interface Codec {
  readonly name: MessageName
  readonly layer: string
  readonly fields: readonly (readonly [string, Field<unknown>])[]
}

const CODEC_BY_TYPE: readonly (Codec | undefined)[] = codecs()

/** A frame of one message. */
export function encodeFrame(message: Message, ttl = 0, flags = 0): Uint8Array {
  const writer = scratch()
  writer.u8(WIRE_VERSION)
  writer.u8(MESSAGES[message.type].type)
  writer.u8(flags)
  writer.u8(ttl)
  writeFields(writer, message)
  return writer.finish()
}

/** The frame in `bytes`, or null where it is malformed in any way. */
export function decodeFrame(bytes: Uint8Array): Frame | null {
  return bytes.length <= FRAME_BYTES_MAX ? readFrame(bytes) : null
}

/** The frame in one message of the bulk channel, which carries DATA alone and is a single frame; or null. */
export function decodeBulkFrame(bytes: Uint8Array): Frame | null {
  return bytes.length <= BULK_MESSAGE_BYTES_MAX && bytes[1] === MESSAGES.DATA.type ? readFrame(bytes) : null
}

/** Whether a frame that does not decode may be from a newer peer: a type of our version that no layer of the table has. */
export function isUnknownType(frame: Uint8Array): boolean {
  if (frame.length < HEADER_BYTES || frame.length > FRAME_BYTES_MAX || frame[0] !== WIRE_VERSION) return false
  return CODEC_BY_TYPE[frame[1] as number] === undefined
}

/** The TTL of a frame. */
export function ttlOf(frame: Uint8Array): number {
  return frame[3] as number
}

/** The same frame with another TTL: the only byte that forwarding changes. */
export function withTtl(frame: Uint8Array, ttl: number): Uint8Array {
  const patched = frame.slice()
  patched[3] = ttl
  return patched
}

/** A routed or sealed message: its type byte and fields. */
export function encodeInner(message: Message): Uint8Array {
  const writer = scratch()
  writer.u8(MESSAGES[message.type].type)
  writeFields(writer, message)
  return writer.finish()
}

/** The routed or sealed message in `bytes`, or null. */
export function decodeInner(bytes: Uint8Array, layer: 'routed' | 'sealed'): Message | null {
  if (bytes.length < 1) return null
  return readFields(bytes[0] as number, new Reader(bytes, 1), layer)
}

/** Frames that came in one channel message, or null where it is too long or their lengths do not add up. */
export function splitBatch(bytes: Uint8Array): Uint8Array[] | null {
  if (bytes.length > CONTROL_MESSAGE_BYTES_MAX) return null
  const frames: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; ) {
    if (offset + 2 > bytes.length) return null
    const length = ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number)
    const end = offset + 2 + length
    if (length < HEADER_BYTES || end > bytes.length) return null
    frames.push(bytes.subarray(offset + 2, end))
    offset = end
  }
  return frames.length > 0 ? frames : null
}

/** Frames packed into as few channel messages as their order allows. */
export function packBatches(frames: readonly Uint8Array[]): Uint8Array[] {
  const batches: Uint8Array[] = []
  let start = 0
  let length = 0
  frames.forEach((frame, index) => {
    const more = frame.length + 2
    if (length + more > CONTROL_MESSAGE_BYTES_MAX) {
      batches.push(packOne(frames, start, index, length))
      start = index
      length = 0
    }
    length += more
  })
  if (length > 0) batches.push(packOne(frames, start, frames.length, length))
  return batches
}

function packOne(frames: readonly Uint8Array[], start: number, end: number, length: number): Uint8Array {
  const batch = new Uint8Array(length)
  let offset = 0
  for (let i = start; i < end; i++) {
    const frame = frames[i] as Uint8Array
    batch[offset] = frame.length >>> 8
    batch[offset + 1] = frame.length & 0xff
    batch.set(frame, offset + 2)
    offset += frame.length + 2
  }
  return batch
}

function readFrame(bytes: Uint8Array): Frame | null {
  if (bytes.length < HEADER_BYTES || bytes[0] !== WIRE_VERSION) return null
  const [type, flags] = [bytes[1] as number, bytes[2] as number]
  if ((flags & ~(FLAGS_BY_TYPE[type] ?? 0)) !== 0) return null
  const message = readFields(type, new Reader(bytes, HEADER_BYTES), 'link')
  return message && { ttl: ttlOf(bytes), flags, message, bytes }
}

function writeFields(writer: Writer, message: Message): void {
  const codec = CODEC_BY_TYPE[MESSAGES[message.type].type] as Codec
  for (const [name, field] of codec.fields)
    field.write(writer, (message as unknown as Record<string, unknown>)[name])
}

function readFields(type: number, reader: Reader, layer: string): Message | null {
  const codec = CODEC_BY_TYPE[type]
  if (codec === undefined || codec.layer !== layer) return null
  const message: Record<string, unknown> = { type: codec.name }
  for (const [name, field] of codec.fields) message[name] = field.read(reader)
  return reader.done ? (message as unknown as Message) : null
}

function codecs(): (Codec | undefined)[] {
  const table: (Codec | undefined)[] = new Array(256).fill(undefined)
  for (const [name, declaration] of Object.entries(MESSAGES)) {
    const fields = Object.entries(declaration.fields) as unknown as [string, Field<unknown>][]
    table[declaration.type] = { name: name as MessageName, layer: declaration.layer, fields }
  }
  return table
}

/** One buffer for all encoding: `finish` copies out of it, and encoding never nests. */
const SCRATCH = new Writer()
function scratch(): Writer {
  SCRATCH.reset()
  return SCRATCH
}
