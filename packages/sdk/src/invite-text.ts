// Invites as text that survives chats and mail: a prefix, then base64url in one line.

import { CONTACT_BYTES, contentKey } from '@hyphae/core'
import { fromBase64url, toBase64url } from '@hyphae/core/signaling'
import { concatBytes, equalBytes, fromHex } from '@hyphae/core/wire'
import { HyphaeError } from '@hyphae/runtime'

const PREFIX = { offer: 'hyphae-invite:', answer: 'hyphae-answer:' } as const
/** Bytes of a checksum: text carried by hand loses its ends. */
const CHECK_BYTES = 4
const NO_BYTES = new Uint8Array(0)

export type InviteKind = keyof typeof PREFIX

export function encodeInvite(kind: InviteKind, bytes: Uint8Array): string {
  return PREFIX[kind] + toBase64url(concatBytes(bytes, checksum(bytes)))
}

/** Throws HyphaeError INVITE_INVALID with what is wrong. White space around and inside is ignored. */
export function decodeInvite(kind: InviteKind, text: string): Uint8Array {
  const compact = text.replace(/\s+/g, '')
  if (!compact.startsWith(PREFIX[kind])) throw invalid(`it does not begin with ${PREFIX[kind]}`)
  const bytes = fromBase64url(compact.slice(PREFIX[kind].length)) ?? NO_BYTES
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
