// Invites as text that survives chats and mail: a prefix, then base64url in one line.

import { CONTACT_BYTES, contentKey } from '@hyphae/core'
import { concatBytes, equalBytes, fromHex } from '@hyphae/core/wire'
import { HyphaeError } from '@hyphae/runtime'

const PREFIX = { offer: 'hyphae-invite:', answer: 'hyphae-answer:' } as const
/** Bytes of a checksum: text carried by hand loses its ends. */
const CHECK_BYTES = 4

export type InviteKind = keyof typeof PREFIX

export function encodeInvite(kind: InviteKind, bytes: Uint8Array): string {
  const checked = concatBytes(bytes, checksum(bytes))
  let binary = ''
  for (const byte of checked) binary += String.fromCharCode(byte)
  return PREFIX[kind] + btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Throws HyphaeError INVITE_INVALID with what is wrong. White space around and inside is ignored. */
export function decodeInvite(kind: InviteKind, text: string): Uint8Array {
  const compact = text.replace(/\s+/g, '')
  if (!compact.startsWith(PREFIX[kind])) throw invalid(`it does not begin with ${PREFIX[kind]}`)
  const body = compact.slice(PREFIX[kind].length)
  if (!/^[A-Za-z0-9_-]+$/.test(body)) throw invalid('it holds characters that do not belong there')
  // No bytes have base64 of such a length, and `atob` throws an error of its own.
  if (body.length % 4 === 1) throw invalid('a part is missing')
  const bytes = Uint8Array.from(atob(body.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  )
  const content = bytes.subarray(0, -CHECK_BYTES)
  if (content.length <= CONTACT_BYTES || !equalBytes(checksum(content), bytes.subarray(-CHECK_BYTES))) {
    throw invalid('a part is missing or was changed')
  }
  return content.slice()
}

function invalid(why: string): HyphaeError {
  return new HyphaeError('INVITE_INVALID', `this is no invite: ${why}`)
}

function checksum(bytes: Uint8Array): Uint8Array {
  return fromHex(contentKey(bytes)).subarray(0, CHECK_BYTES)
}
