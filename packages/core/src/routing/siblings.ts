// The sibling list: the contacts closest to ourselves (S/Kademlia; Baumgart & Mies, 2007), who hold the same records as we
// do. It remembers what changed since it was last asked, so that neighbours are told differences and nothing else.

import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { SIBLINGS_MAX } from '../limits.ts'
import type { KnownContact } from './bucket.ts'
import { rankIn } from './distance.ts'

export interface SiblingChanges {
  readonly added: readonly Contact[]
  /** Those that died; whoever was only displaced by a closer one is not among them. */
  readonly gone: readonly PeerId[]
  /** Of those added, who knows them: they named it, or it named them as its links. */
  readonly knowersById: ReadonlyMap<PeerId, ReadonlySet<PeerId>>
}

interface Newcomer {
  readonly contact: Contact
  readonly knowers: Set<PeerId>
}

export class SiblingList {
  readonly #self: PeerId
  readonly #list: KnownContact[] = []
  readonly #added = new Map<PeerId, Newcomer>()
  readonly #gone = new Set<PeerId>()

  constructor(self: PeerId) {
    this.#self = self
  }

  /** Closest first. */
  get list(): readonly KnownContact[] {
    return this.#list
  }

  get isFull(): boolean {
    return this.#list.length >= SIBLINGS_MAX
  }

  get hasChanged(): boolean {
    return this.#added.size + this.#gone.size > 0
  }

  /** How many siblings are closer to us than this peer. */
  rankOf(id: PeerId): number {
    return rankIn(this.#list, this.#self, id)
  }

  has(known: KnownContact): boolean {
    return this.#list[this.rankOf(known.id)] === known
  }

  /** Takes the contact in where it is close enough. Answers with whoever has no place now, or null. */
  add(known: KnownContact): KnownContact | null {
    const rank = this.rankOf(known.id)
    if (this.#list[rank] === known) return null
    if (rank >= SIBLINGS_MAX) return known
    this.#list.splice(rank, 0, known)
    this.#gone.delete(known.id)
    this.#added.set(known.id, { contact: known.contact, knowers: new Set() })
    if (this.#list.length <= SIBLINGS_MAX) return null
    const displaced = this.#list.pop() as KnownContact
    this.#added.delete(displaced.id)
    return displaced
  }

  /** Takes a dead contact out. */
  remove(known: KnownContact): boolean {
    const rank = this.rankOf(known.id)
    if (this.#list[rank] !== known) return false
    this.#list.splice(rank, 1)
    if (!this.#added.delete(known.id)) this.#gone.add(known.id)
    return true
  }

  /** A linked peer named these. */
  named(by: PeerId, contacts: readonly Contact[]): void {
    if (this.#added.size === 0) return
    const namer = this.#added.get(by)
    for (const { id } of contacts) {
      namer?.knowers.add(id)
      this.#added.get(id)?.knowers.add(by)
    }
  }

  /** What changed since the last call. */
  takeChanges(): SiblingChanges {
    const newcomers = [...this.#added.values()]
    const changes = {
      added: newcomers.map(({ contact }) => contact),
      gone: [...this.#gone].slice(0, SIBLINGS_MAX),
      knowersById: new Map(newcomers.map(({ contact, knowers }) => [contact.id, knowers])),
    }
    this.#added.clear()
    this.#gone.clear()
    return changes
  }
}
