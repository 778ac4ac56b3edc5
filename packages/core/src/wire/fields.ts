// The kinds of fields that messages are made of. A field knows how to write, read and bound itself, and how to make a
// sample, so that encoder, decoder, limits, golden bytes and fuzzing all follow from one table.

import { CONTACT_BYTES, type Contact, contactFromBytes } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { fromUtf8, utf8 } from './bytes.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/** Source of sample values: the next of a fixed sequence of 32-bit numbers. */
export type SampleSource = () => number

export interface Field<T> {
  /** Notation of PROTOCOL.md. */
  readonly notation: string
  write(writer: Writer, value: T): void
  /** Fails the reader on malformed input; never throws. */
  read(reader: Reader): T
  sample(next: SampleSource): T
}

export type Fields = Readonly<Record<string, Field<unknown>>>
export type ValueOf<F> = F extends Field<infer T> ? T : never

export const u8: Field<number> = {
  notation: 'u8',
  write: (writer, value) => writer.u8(value),
  read: (reader) => reader.u8(),
  sample: (next) => next() & 0xff,
}

export const u16: Field<number> = {
  notation: 'u16',
  write: (writer, value) => writer.u16(value),
  read: (reader) => reader.u16(),
  sample: (next) => next() & 0xffff,
}

export const u32: Field<number> = {
  notation: 'u32',
  write: (writer, value) => writer.u32(value),
  read: (reader) => reader.u32(),
  sample: (next) => next(),
}

/** An integer below 2^53 in 8 bytes. */
export const u53: Field<number> = {
  notation: 'u53',
  write: (writer, value) => writer.u53(value),
  read: (reader) => reader.u53(),
  sample: (next) => (next() & 0x1f_ffff) * 0x1_0000_0000 + next(),
}

/** One byte, 0 or 1; anything else is malformed, so that equal messages have equal bytes. */
export const flag: Field<boolean> = {
  notation: 'bool',
  write: (writer, value) => writer.u8(value ? 1 : 0),
  read: (reader) => {
    const byte = reader.u8()
    if (byte > 1) reader.fail()
    return byte === 1
  },
  sample: (next) => (next() & 1) === 1,
}

/** A number below `count`. */
export function choice(count: number): Field<number> {
  return {
    notation: `u8 < ${count}`,
    write: (writer, value) => writer.u8(value),
    read: (reader) => {
      const value = reader.u8()
      return value < count ? value : reader.fail()
    },
    sample: (next) => next() % count,
  }
}

/** Exactly `length` bytes. */
export function fixed(length: number): Field<Uint8Array> {
  return {
    notation: `byte[${length}]`,
    write: (writer, value) => writer.raw(value),
    read: (reader) => reader.raw(length),
    sample: (next) => sampleBytes(length, next),
  }
}

/** Exactly `length` bytes, as hexadecimal digits in memory: for what tables are keyed by. */
export function hex<T extends string = string>(length: number): Field<T> {
  return {
    notation: `byte[${length}]`,
    write: (writer, value) => writer.hex(value),
    read: (reader) => reader.hex(length) as T,
    sample: (next) =>
      Array.from(sampleBytes(length, next), (byte) => byte.toString(16).padStart(2, '0')).join('') as T,
  }
}

export const key: Field<Key> = hex<Key>(32)
export const peerId: Field<PeerId> = hex<PeerId>(32)

/** Up to `max` bytes behind their length (u16). */
export function bytes(max: number): Field<Uint8Array> {
  return {
    notation: `bytes(u16) <= ${max}`,
    write: (writer, value) => {
      writer.u16(value.length)
      writer.raw(value)
    },
    read: (reader) => reader.raw(reader.u16(), max),
    sample: (next) => sampleBytes(next() % (Math.min(max, 24) + 1), next),
  }
}

/** Everything up to the end of the message: the last field only. */
export function rest(max: number): Field<Uint8Array> {
  return {
    notation: `bytes(to the end) <= ${max}`,
    write: (writer, value) => writer.raw(value),
    read: (reader) => reader.raw(reader.left, max),
    sample: (next) => sampleBytes(next() % 24, next),
  }
}

/** UTF-8 of at most `max` bytes (max <= 255) behind their length (u8). */
export function text(max: number): Field<string> {
  return {
    notation: `text(u8) <= ${max}`,
    write: (writer, value) => {
      const encoded = utf8(value)
      writer.u8(encoded.length)
      writer.raw(encoded)
    },
    read: (reader) => {
      const decoded = fromUtf8(reader.raw(reader.u8(), max))
      if (decoded === null) reader.fail()
      return decoded ?? ''
    },
    sample: (next) => `näme-${next() % 1_000}`,
  }
}

/** A contact; its id is computed, its work is checked by whoever keeps it. */
export const contact: Field<Contact> = {
  notation: 'contact',
  write: writeContact,
  read: (reader) => contactFromBytes(reader.raw(CONTACT_BYTES)) ?? NOBODY,
  sample: (next) => contactFromBytes(sampleBytes(CONTACT_BYTES, next)) as Contact,
}

function writeContact(writer: Writer, { signingKey, exchangeKey, salt }: Contact): void {
  writer.raw(signingKey)
  writer.raw(exchangeKey)
  writer.raw(salt)
}

/** What a failed reader leaves behind; never seen by anybody, because the message is dropped. */
const NOBODY = contactFromBytes(new Uint8Array(CONTACT_BYTES)) as Contact

/** Up to `max` items behind their count (u16). */
export function list<T>(item: Field<T>, max: number): Field<readonly T[]> {
  return {
    notation: `list(u16) of ${item.notation}, <= ${max}`,
    write: (writer, values) => {
      writer.u16(values.length)
      for (const value of values) item.write(writer, value)
    },
    read: (reader) => {
      const count = reader.u16()
      if (count > max) reader.fail()
      const values: T[] = []
      for (let i = 0; i < count && !reader.failed; i++) values.push(item.read(reader))
      return values
    },
    sample: (next) => Array.from({ length: next() % (Math.min(max, 3) + 1) }, () => item.sample(next)),
  }
}

/** Several fields as one value. */
export function struct<F extends Record<string, Field<unknown>>>(
  fields: F,
): Field<{ readonly [N in keyof F]: ValueOf<F[N]> }> {
  const entries = Object.entries(fields) as unknown as [string, Field<unknown>][]
  type Value = { readonly [N in keyof F]: ValueOf<F[N]> }
  return {
    notation: `{ ${entries.map(([name, field]) => `${name} ${field.notation}`).join(', ')} }`,
    write: (writer, value) => {
      for (const [name, field] of entries) field.write(writer, (value as Record<string, unknown>)[name])
    },
    read: (reader) => {
      const value: Record<string, unknown> = {}
      for (const [name, field] of entries) value[name] = field.read(reader)
      return value as Value
    },
    sample: (next) => Object.fromEntries(entries.map(([name, field]) => [name, field.sample(next)])) as Value,
  }
}

function sampleBytes(length: number, next: SampleSource): Uint8Array {
  return Uint8Array.from({ length }, () => next() & 0xff)
}
