// What always holds of the tables of routing. Tests and the simulator ask after every step that matters; a page never does,
// and does not load this.

import type { PeerId } from '../identity/peer-id.ts'
import { BUCKET_CANDIDATES_MAX, BUCKET_CONTACTS_MAX, SIBLINGS_MAX } from '../limits.ts'
import type { KnownContact } from './bucket.ts'
import { bucketIndexOf, compareDistance, ID_BITS } from './distance.ts'
import type { LinkState } from './link-tally.ts'
import type { RoutingTable } from './routing-table.ts'

/** What routing shows of itself. */
export interface RoutingState {
  readonly table: RoutingTable
  readonly linkByPeer: ReadonlyMap<PeerId, LinkState>
  /** Contacts wanted and not linked. */
  readonly wanted: number
  readonly linksMax: number
}

/** What is wrong, in words: nothing, ever. */
export function brokenInvariants({ table, linkByPeer, wanted, linksMax }: RoutingState): string[] {
  const wrong = brokenInTable(table)
  if (wanted > linksMax) wrong.push(`${wanted} dials wanted of at most ${linksMax}`)
  for (const { id, linked, via } of table.all()) {
    if (linked !== linkByPeer.has(id)) wrong.push(`${id} is wrongly marked as linked`)
    if (via !== null && !linkByPeer.has(via)) wrong.push(`${id} is named by a lost link`)
  }
  for (const { known } of linkByPeer.values()) {
    if (table.get(known.id) !== known) wrong.push(`the linked ${known.id} is not known`)
  }
  return wrong
}

export function brokenInTable(table: RoutingTable): string[] {
  const wrong: string[] = []
  for (let index = 0; index <= ID_BITS; index++) wrong.push(...brokenInBucket(table, index))
  if (table.get(table.self) !== null) wrong.push('the table holds ourselves')
  return [...wrong, ...brokenInSiblings(table, table.siblings.list)]
}

function brokenInSiblings(table: RoutingTable, siblings: readonly KnownContact[]): string[] {
  const wrong: string[] = []
  siblings.forEach((sibling, rank) => {
    const next = siblings[rank + 1]
    if (next !== undefined && compareDistance(table.self, sibling.id, next.id) >= 0)
      wrong.push(`siblings ${rank} and ${rank + 1} are not in order`)
    if (table.get(sibling.id) !== sibling) wrong.push(`sibling ${sibling.id} is not known`)
  })
  if (siblings.length > SIBLINGS_MAX) wrong.push(`${siblings.length} siblings`)
  const expected = table.closest(table.self, SIBLINGS_MAX)
  if (expected.some((known, rank) => known !== siblings[rank]))
    wrong.push('siblings are not the closest contacts')
  return wrong
}

function brokenInBucket(table: RoutingTable, index: number): string[] {
  const bucket = table.bucket(index)
  if (bucket === undefined) return []
  const wrong: string[] = []
  const { members, candidates } = bucket
  if (index >= ID_BITS) wrong.push(`bucket ${index} holds ourselves`)
  if (members.length > BUCKET_CONTACTS_MAX || candidates.length > BUCKET_CANDIDATES_MAX)
    wrong.push(`bucket ${index} is overfull`)
  if (candidates.length > 0 && !bucket.isFull) wrong.push(`bucket ${index} keeps candidates waiting`)
  for (const known of [...members, ...candidates]) {
    if (bucketIndexOf(table.self, known.id) !== index) wrong.push(`${known.id} is in bucket ${index}`)
    if (table.get(known.id) !== known) wrong.push(`${known.id} of bucket ${index} is not known`)
  }
  return wrong
}
