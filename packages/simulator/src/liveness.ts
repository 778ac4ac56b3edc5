// Keep-alives and silence, computed instead of sent: while both ends live and hear each other nothing needs to happen, and
// ten thousand idle peers cost nothing. Only when a direction falls silent is the other end's wait planned.
//
// A lost keep-alive is sent again by SCTP within the silence that closes a link, so loss alone never silences one here.

import type { LinkEnd } from './link-end.ts'
import type { Timeline } from './timeline.ts'

/** Books the keep-alives that this end has sent since anything last left it. */
export function bookKeepalives(end: LinkEnd, now: number): void {
  if (end.keepaliveMs === 0 || end.state !== 'open' || end.isStill) return
  const count = Math.floor((now - end.sentAt) / end.keepaliveMs)
  if (count <= 0) return
  end.totals.keepalives += count
  end.sentAt += count * end.keepaliveMs
}

/** From now on nothing gets from this end to the remote: its wait begins with the last thing that does. */
export function fallSilent(end: LinkEnd, timeline: Timeline): void {
  const { remote } = end
  if (remote === null) return
  const lastAt = Math.max(end.arrivesAt, Math.round(end.sentAt + end.pathMs))
  remote.heardAt = Math.max(remote.heardAt, lastAt)
  planSilence(remote, timeline)
}

/** The peer of this end is suspended: it sends no keep-alives and judges nobody. */
export function stand(end: LinkEnd, timeline: Timeline): void {
  bookKeepalives(end, timeline.now)
  end.isStill = true
  if (!end.isCut) fallSilent(end, timeline)
}

/** It goes on: a keep-alive leaves at once, and whoever was not heard meanwhile gets the whole time again. */
export function goOn(end: LinkEnd, timeline: Timeline): void {
  const { now } = timeline
  end.isStill = false
  end.sentAt = now
  if (end.remote !== null && !end.isCut) hear(end.remote, Math.round(now + end.pathMs))
  end.watchedAt = now
  end.isSilent = false
  planSilence(end, timeline)
}

/** Something came, or will have by `at`. */
export function hear(end: LinkEnd, at: number): void {
  if (at > end.heardAt) end.heardAt = at
  end.isSilent = false
}

/** The application watches more or less closely from now on. */
export function watch(end: LinkEnd, keepaliveMs: number, silenceMs: number, timeline: Timeline): void {
  bookKeepalives(end, timeline.now)
  end.keepaliveMs = keepaliveMs
  end.silenceMs = silenceMs
  end.watchedAt = timeline.now
  end.isSilent = false
  planSilence(end, timeline)
}

/** Looks again when the silence may have lasted long enough. Looking in vain does no harm. */
function planSilence(end: LinkEnd, timeline: Timeline): void {
  if (!mayFallSilent(end)) return
  timeline.at(Math.max(end.heardAt, end.watchedAt) + end.silenceMs, () => {
    if (!mayFallSilent(end)) return
    if (Math.max(end.heardAt, end.watchedAt) + end.silenceMs > timeline.now) return planSilence(end, timeline)
    end.isSilent = true
    end.owner.deliver({ type: 'link-silent', link: end.link })
  })
}

function mayFallSilent(end: LinkEnd): boolean {
  const hears = end.remote?.isHeard ?? false
  return end.state === 'open' && !hears && end.silenceMs > 0 && !end.isSilent && !end.isStill
}
