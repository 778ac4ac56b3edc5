// What became of an invite or an answer, as the steps of links tell: the text holds the id of its attempt
// (PROTOCOL.md, SI-6).

import type { TimelineEntry } from 'hyphae'

/** `expired`: nobody used it in its time; `failed`: no link came of it for another reason. */
export type InviteFate = 'waiting' | 'linked' | 'expired' | 'failed'

export function fateOf(text: string, timeline: readonly TimelineEntry[]): InviteFate {
  const digits = hexOf(text)
  const stages = timeline.filter(({ attempt }) => digits.includes(attempt)).map(({ stage }) => stage)
  if (stages.includes('open')) return 'linked'
  if (stages.includes('failed:timeout')) return 'expired'
  return stages.some((stage) => stage.startsWith('failed')) ? 'failed' : 'waiting'
}

/** Of the base64url behind the prefix. */
function hexOf(text: string): string {
  const body = text.slice(text.indexOf(':') + 1)
  const bytes = atob(body.replaceAll('-', '+').replaceAll('_', '/'))
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}
