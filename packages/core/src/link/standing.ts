// How a remote has behaved: offences lower its score, time mends it, a score of nothing is a ban for a while.

import { putLast } from '../bounded-map.ts'
import type { Millis } from '../contract.ts'
import type { Offence } from '../errors.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  BAN_MS,
  REMEMBERED_PEERS_MAX,
  SCORE_BANNED,
  SCORE_PER_MINUTE,
  SCORE_PRUNED,
  SCORE_START,
} from '../limits.ts'

/** Points per offence. What an honest peer may cause by a race is cheap; what only forgery explains is dear. Guesses. */
const POINTS: Readonly<Record<Offence, number>> = {
  'malformed-frame': 20,
  'unknown-type': 2,
  'before-proof': 20,
  'bad-signature': 25,
  'bad-work': 10,
  flood: 5,
  unsolicited: 1,
  'bad-signal': 10,
}

interface Entry {
  score: number
  at: Millis
  bannedUntil: Millis
}

export type Verdict = 'fine' | 'prune' | 'ban'

export class Standing {
  /** Only peers that offended; the one longest quiet is forgotten first. */
  readonly #entryByPeer = new Map<PeerId, Entry>()
  readonly offences: Partial<Record<Offence, number>> = {}

  /** Counts an offence and says what should become of the peer; `null`: of somebody who has not proved an identity. */
  punish(peer: PeerId | null, offence: Offence, now: Millis): Verdict {
    this.offences[offence] = (this.offences[offence] ?? 0) + 1
    if (peer === null) return 'fine'
    const entry = this.#touch(peer, now)
    // No lower: the ban is the punishment, and time mends from there.
    entry.score = Math.max(SCORE_BANNED, entry.score - POINTS[offence])
    if (entry.score <= SCORE_BANNED) {
      entry.bannedUntil = now + BAN_MS
      return 'ban'
    }
    return entry.score <= SCORE_PRUNED ? 'prune' : 'fine'
  }

  isBanned(peer: PeerId, now: Millis): boolean {
    return (this.#entryByPeer.get(peer)?.bannedUntil ?? 0) > now
  }

  scoreOf(peer: PeerId, now: Millis): number {
    const entry = this.#entryByPeer.get(peer)
    return entry === undefined ? SCORE_START : mended(entry, now)
  }

  get size(): number {
    return this.#entryByPeer.size
  }

  #touch(peer: PeerId, now: Millis): Entry {
    const known = this.#entryByPeer.get(peer)
    const entry: Entry = known
      ? { score: mended(known, now), at: now, bannedUntil: known.bannedUntil }
      : { score: SCORE_START, at: now, bannedUntil: 0 }
    putLast(this.#entryByPeer, peer, entry, REMEMBERED_PEERS_MAX)
    return entry
  }
}

function mended(entry: Entry, now: Millis): number {
  return Math.min(SCORE_START, entry.score + ((now - entry.at) / 60_000) * SCORE_PER_MINUTE)
}
