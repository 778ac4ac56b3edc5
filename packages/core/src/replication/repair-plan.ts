// Which peers may lack a copy of a record after the neighbourhood changed, and whether it is for us to look
// (PROTOCOL.md, RP-6 to RP-9). Every holder plans alone, from its own view, and nearly always one of them acts.

import type { RepairRole } from '../dht/store.ts'
import type { StoreContext } from '../dht/store-context.ts'
import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { compareDistance } from '../routing/distance.ts'

/** What happened since the last look. */
export interface Changes {
  readonly added: Set<PeerId>
  readonly gone: Set<PeerId>
  /** Nothing is known of anybody: we have just settled ourselves, or lost count. */
  all: boolean
}

/** Peers that each side of a change may name before the rest is treated as "anybody": churn faster than we look. */
const CHANGES_MAX = 256

/** Ask this peer whether it holds the record, and give it a copy if not. */
export interface Check {
  readonly key: Key
  readonly target: PeerId
  /** Afterwards we need not hold it any longer. */
  readonly drop: boolean
}

export function noChanges(): Changes {
  return { added: new Set(), gone: new Set(), all: false }
}

export function merge(into: Changes, from: Changes): void {
  for (const peer of from.added) into.added.add(peer)
  for (const peer of from.gone) into.gone.add(peer)
  into.all ||= from.all || into.added.size > CHANGES_MAX || into.gone.size > CHANGES_MAX
  if (!into.all) return
  into.added.clear()
  into.gone.clear()
}

/** What we have to look after for one record that we hold. */
export function plan(
  context: StoreContext,
  key: Key,
  look: { readonly role: RepairRole; readonly changes: Changes; readonly now: number },
): Check[] {
  const { neighbourhood, replicas, self } = context
  const { role, changes, now } = look
  const near = neighbourhood.closest(key, replicas * 2)
  const settled = near.filter(({ id }) => !changes.added.has(id) && neighbourhood.isSettled(id, now))
  if (!near.some(({ id }) => id === self.id))
    return role === 0 ? leaving(context, key, { near, settled }) : []
  if (settled[role]?.id !== self.id) return changes.all && role === 0 ? asking(key, near[0]) : []
  const group = near.slice(0, replicas)
  const entrants = entrantsOf(key, group, { replicas, changes })
  return group
    .filter(({ id }, index) => changes.all || changes.added.has(id) || index >= group.length - entrants)
    .filter(({ id }) => id !== self.id)
    .map(({ id }) => ({ key, target: id, drop: false }))
}

/** Another peer is responsible, and can only be where it holds the record: the closest one will see to the rest. */
function asking(key: Key, closest: Contact | undefined): Check[] {
  return closest === undefined ? [] : [{ key, target: closest.id, drop: false }]
}

/**
 * Too many are closer than we are: whoever is responsible now takes the record from us, unless we wrote it. Where all of
 * them are newcomers they get it from us, and we keep it until the next look.
 */
function leaving(
  context: StoreContext,
  key: Key,
  peers: { readonly near: readonly Contact[]; readonly settled: readonly Contact[] },
): Check[] {
  if (context.index.peek(key)?.own !== false) return []
  const responsible = peers.settled[0]
  if (responsible !== undefined) return [{ key, target: responsible.id, drop: true }]
  return peers.near.slice(0, context.replicas).map(({ id }) => ({ key, target: id, drop: false }))
}

/** How many of the group came in because closer peers went. A group that is not full has always been everybody. */
function entrantsOf(
  key: Key,
  group: readonly Contact[],
  look: { readonly replicas: number; readonly changes: Changes },
): number {
  const farthest = group[look.replicas - 1]
  if (farthest === undefined) return 0
  let entrants = 0
  for (const peer of look.changes.gone) if (compareDistance(key, peer, farthest.id) < 0) entrants++
  return entrants
}
