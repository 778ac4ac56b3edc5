// How things are said to people.

import type { PeerStatus } from 'hyphae'

export function shortId(id: string): string {
  return id.slice(0, 8)
}

export function statusText(status: PeerStatus): string {
  switch (status) {
    case 'alone':
      return 'Looking for peers'
    case 'joining':
      return 'Joining'
    case 'joined':
      return 'Joined'
    case 'closed':
      return 'Closed'
  }
}

export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB']
  let value = bytes / 1_000
  let unit = 0
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** As one says it: 1 link, 2 links. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

/** Two digits where a number is estimated; it is counted where it is all that are known. */
export function peersText(count: number, known: number): string {
  if (count <= known + 1) return counted(count, 'peer')
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1)
  return `about ${(Math.round(count / unit) * unit).toLocaleString('en')} peers`
}

const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const
/** Made once: to make one takes longer than to use it for a whole list. */
const timeFormat = new Intl.DateTimeFormat(undefined, TIME)
const dayAndTimeFormat = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  ...TIME,
})

/** With its day where that is not today. */
export function timeText(at: number, now: number = Date.now()): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString()
  return (isToday ? timeFormat : dayAndTimeFormat).format(at)
}

/** As exact as it matters: a step of a link takes milliseconds, its life hours. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  // What would be rounded to 60.0 s or 60 min is the next unit.
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 59.5 * 60_000) return `${Math.round(ms / 60_000)} min`
  return `${(ms / 3_600_000).toFixed(1)} h`
}

export function roundTripText(ms: number | null): string {
  return ms === null ? '–' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** With one full stop: some messages of errors are sentences, others begin in the middle of one. */
export function reasonText(error: unknown): string {
  return errorText(error).replace(/\.?$/, '.')
}

/** A hue that belongs to an id, so that a peer looks the same everywhere. */
export function hueOf(id: string): number {
  return Math.round((Number.parseInt(id.slice(0, 4), 16) / 0xffff) * 360)
}
