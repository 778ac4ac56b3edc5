// Who is linked to whom in overlays without structure.

import type { SeededRandom } from '../random.ts'

/**
 * Links that go both ways. Every peer dials half the mean degree of others that it is not linked to yet, so that nobody has
 * fewer links than that, and the graph is connected but for a vanishing chance.
 */
export function randomGraph(peers: number, degree: number, random: SeededRandom): number[][] {
  const linked: Set<number>[] = Array.from({ length: peers }, () => new Set())
  const dials = Math.max(1, Math.min(Math.round(degree / 2), Math.floor((peers - 1) / 2)))
  for (let peer = 0; peer < peers; peer++) {
    const own = linked[peer] as Set<number>
    for (let dialed = 0; dialed < dials && own.size < peers - 1; ) {
      const other = random.below(peers)
      if (other === peer || own.has(other)) continue
      own.add(other)
      linked[other]?.add(peer)
      dialed += 1
    }
  }
  return linked.map((others) => [...others])
}

/** Contacts of a peer at the mean. */
export function meanDegree(contacts: readonly (readonly unknown[])[]): number {
  return contacts.reduce((sum, others) => sum + others.length, 0) / contacts.length
}
