// What the tabs of one profile post to each other. Every tab hears every message.

import { CONTACT_BYTES, type Contact, contactFromBytes, isId, type PeerId } from '@hyphae/core'
import { isSignal } from './ports/signal-limits.ts'

/** `from` is a contact as in frames, except in a receipt. */
export type TabMessage =
  /** A newcomer asks who is there. */
  | { readonly type: 'introduce'; readonly from: Uint8Array }
  /** The answer. */
  | { readonly type: 'contact'; readonly to: PeerId; readonly from: Uint8Array }
  | {
      readonly type: 'signal'
      readonly to: PeerId
      readonly from: Uint8Array
      readonly number: number
      readonly bytes: Uint8Array
    }
  /** The signal of this number arrived. */
  | { readonly type: 'received'; readonly to: PeerId; readonly from: PeerId; readonly number: number }

export type MessageWithContact = Exclude<TabMessage, { readonly type: 'received' }>

/** The message, or `null` where a field is missing, of another type, or too long. */
export function parseTabMessage(data: unknown): TabMessage | null {
  if (typeof data !== 'object' || data === null) return null
  const { type, to, from, number, bytes } = data as Record<string, unknown>
  switch (type) {
    case 'introduce':
      return isContact(from) ? { type, from } : null
    case 'contact':
      return isPeerId(to) && isContact(from) ? { type, to, from } : null
    case 'signal':
      return isPeerId(to) &&
        isContact(from) &&
        isNumber(number) &&
        bytes instanceof Uint8Array &&
        isSignal(bytes)
        ? { type, to, from, number, bytes }
        : null
    case 'received':
      return isPeerId(to) && isPeerId(from) && isNumber(number) ? { type, to, from, number } : null
    default:
      return null
  }
}

/** The sender of a parsed message. */
export function contactOf(message: MessageWithContact): Contact {
  return contactFromBytes(message.from) as Contact
}

function isPeerId(value: unknown): value is PeerId {
  return isId(value)
}

function isContact(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === CONTACT_BYTES
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
