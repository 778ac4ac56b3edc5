// What became of an invite or an answer, as the steps of links tell: the text holds the id of its attempt
// (PROTOCOL.md, SI-6).

import type { HyphaeError, TimelineEntry } from 'hyphae'
import { reasonText } from './text.ts'

/** Where the id stands among the hexadecimal digits of the text: 16 behind the 72 bytes of a contact. */
const ATTEMPT_FROM = 144
const ATTEMPT_TO = 160

/** `expired`: nobody used it in its time; `failed`: no link came of it for another reason. */
export type InviteFate = 'waiting' | 'linked' | 'expired' | 'failed'

export function fateOf(text: string, timeline: readonly TimelineEntry[]): InviteFate {
  const id = hexOf(text).slice(ATTEMPT_FROM, ATTEMPT_TO)
  const stages = timeline.filter(({ attempt }) => attempt === id).map(({ stage }) => stage)
  if (stages.includes('open')) return 'linked'
  if (stages.includes('failed:timeout')) return 'expired'
  return stages.some((stage) => stage.startsWith('failed')) ? 'failed' : 'waiting'
}

/** Of an answer that was the right one. */
export function unlinkedText(error: HyphaeError): string {
  if (error.code === 'LINK_FAILED' && error.message.includes('wrong-network'))
    return 'The other peer is in another network. Choose the same one in Settings, then create another invite.'
  return `No link: ${reasonText(error)} Create another invite.`
}

/** Of the base64url behind the prefix. */
function hexOf(text: string): string {
  const body = text.slice(text.indexOf(':') + 1)
  const bytes = atob(body.replaceAll('-', '+').replaceAll('_', '/'))
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}
