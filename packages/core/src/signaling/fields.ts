// The kinds of values that signaling messages are made of: how each is written as JSON, and how it is read with its
// bounds. Reading never throws; `undefined` means malformed.

import { CONTACT_BYTES, type Contact, contactBytes, contactFromBytes } from '../identity/contact.ts'
import { base64urlLength, fromBase64url, toBase64url } from './base64url.ts'

export interface Field<T> {
  toJson(value: T): unknown
  fromJson(json: unknown): T | undefined
}
export type Fields = Readonly<Record<string, Field<unknown>>>
export type ValueOf<F> = F extends Field<infer T> ? T : never
/** What a list of fields says, read-only. */
export type ValuesOf<F> = { readonly [N in keyof F]: ValueOf<F[N]> }

export const flag: Field<boolean> = {
  toJson: same,
  fromJson: (json) => (typeof json === 'boolean' ? json : undefined),
}

/** An integer from `min` to `max`. */
export function integer(min: number, max: number): Field<number> {
  return {
    toJson: same,
    fromJson: (json) =>
      Number.isInteger(json) && isWithin(json as number, min, max) ? (json as number) : undefined,
  }
}

/** `digits` lower-case hexadecimal digits: ids. */
export function hex<T extends string = string>(digits: number): Field<T> {
  const pattern = new RegExp(`^[0-9a-f]{${digits}}$`)
  return {
    toJson: same,
    fromJson: (json) => (typeof json === 'string' && pattern.test(json) ? (json as T) : undefined),
  }
}

/** From `min` to `max` bytes as base64url. The length is looked at before anything is decoded. */
export function bytes(min: number, max: number): Field<Uint8Array> {
  return {
    toJson: toBase64url,
    fromJson: (json) => {
      if (typeof json !== 'string' || !isWithin(json.length, base64urlLength(min), base64urlLength(max)))
        return undefined
      return fromBase64url(json) ?? undefined
    },
  }
}

/** Text of at most `max` UTF-16 units. */
export function text(max: number): Field<string> {
  return {
    toJson: (value) => value.slice(0, max),
    fromJson: (json) => (typeof json === 'string' && json.length <= max ? json : undefined),
  }
}

/** One word of a closed list. */
export function word<T extends string>(words: readonly T[]): Field<T> {
  return {
    toJson: same,
    fromJson: (json) => words.find((known) => known === json),
  }
}

const packedContact = bytes(CONTACT_BYTES, CONTACT_BYTES)

/** The 72 bytes of a contact; its id is computed, so it cannot be somebody else's. */
export const contact: Field<Contact> = {
  toJson: (value) => toBase64url(contactBytes(value)),
  fromJson: (json) => {
    const packed = packedContact.fromJson(json)
    return packed && (contactFromBytes(packed) ?? undefined)
  },
}

/** At most `max` values of one kind. */
export function list<T>(item: Field<T>, max: number): Field<readonly T[]> {
  return {
    toJson: (values) => values.map((value) => item.toJson(value)),
    fromJson: (json) => {
      if (!Array.isArray(json) || json.length > max) return undefined
      const values: T[] = []
      for (const element of json) {
        const value = item.fromJson(element)
        if (value === undefined) return undefined
        values.push(value)
      }
      return values
    },
  }
}

/** An object of exactly these fields. */
export function struct<F extends Fields>(fields: F): Field<ValuesOf<F>> {
  return {
    toJson: (values) => writeFields(fields, values as Record<string, unknown>),
    fromJson: (json) => {
      const object = asObject(json)
      if (object === null || Object.keys(object).length !== Object.keys(fields).length) return undefined
      return readFields(fields, object) as ValuesOf<F> | undefined
    },
  }
}

/** The fields of `values` as JSON. */
export function writeFields(fields: Fields, values: Record<string, unknown>): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) json[name] = field.toJson(values[name])
  return json
}

/** The named fields of `object`, or undefined where one is missing or malformed. Others are not looked at. */
export function readFields(
  fields: Fields,
  object: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(object, name) ? field.fromJson(object[name]) : undefined
    if (value === undefined) return undefined
    values[name] = value
  }
  return values
}

export function asObject(json: unknown): Record<string, unknown> | null {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)
    : null
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}

function same(value: unknown): unknown {
  return value
}
