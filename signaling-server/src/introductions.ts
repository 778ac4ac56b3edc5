// Which peers a newcomer gets to know. Random ones make the graph an expander and let islands meet; the ones closest by
// XOR are where its lookups of its own id begin.

import type { Contact, PeerId } from '@hyphae/core/signaling'

export interface Wanted {
  readonly random: number
  readonly close: number
}

/** An integer from 0 up to, not including, `bound`. */
export type RandomBelow = (bound: number) => number

/** At most `wanted.close` closest and `wanted.random` random others; nobody twice. Reorders `candidates`. */
export function chooseIntroductions(
  asker: PeerId,
  candidates: Contact[],
  choice: { readonly wanted: Wanted; readonly randomBelow: RandomBelow },
): Contact[] {
  const close = closest(asker, candidates, choice.wanted.close)
  const others = candidates.filter((contact) => !close.includes(contact))
  return [...close, ...sample(others, choice.wanted.random, choice.randomBelow)]
}

/** The first steps of a Fisher-Yates shuffle. */
function sample(contacts: Contact[], count: number, randomBelow: RandomBelow): Contact[] {
  const taken = Math.min(count, contacts.length)
  for (let i = 0; i < taken; i++) {
    const j = i + randomBelow(contacts.length - i)
    const swapped = contacts[i] as Contact
    contacts[i] = contacts[j] as Contact
    contacts[j] = swapped
  }
  return contacts.slice(0, taken)
}

/** Keeps only the best `count` while looking at each once: a network may have thousands connected. */
function closest(target: PeerId, contacts: readonly Contact[], count: number): Contact[] {
  const best: Contact[] = []
  for (const contact of contacts) {
    const place = best.findLastIndex((other) => isCloser(target, other.id, contact.id)) + 1
    if (place < count) best.splice(place, 0, contact)
    if (best.length > count) best.pop()
  }
  return best
}

/** Whether `a` is closer to `target` than `b`: decided by the first digit in which they differ. */
function isCloser(target: PeerId, a: PeerId, b: PeerId): boolean {
  for (let i = 0; i < target.length; i++) {
    if (a[i] === b[i]) continue
    const own = digit(target, i)
    return (digit(a, i) ^ own) < (digit(b, i) ^ own)
  }
  return false
}

function digit(id: PeerId, index: number): number {
  return Number.parseInt(id.charAt(index), 16)
}
