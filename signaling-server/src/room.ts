// One network: who is connected, who stays as introducer, who is introduced to whom. It knows members, not sockets, and
// does no IO of its own.

import type { Contact, PeerId, ServerMessage } from '@hyphae/core/signaling'
import { chooseIntroductions, type RandomBelow, type Wanted } from './introductions.ts'

/** A joined connection as its network sees it. */
export interface Member {
  readonly contact: Contact
  /** False where the message was dropped because the connection does not read. */
  send(message: ServerMessage): boolean
  /** The same identity joined over a newer connection. */
  supersede(): void
}

export interface RoomOptions {
  readonly introducers: number
  readonly meshedLinks: number
  readonly checkInMs: number
  readonly randomBelow: RandomBelow
}

interface Seat {
  readonly member: Member
  /** Asked to stay connected. */
  staying: boolean
  /** Told that it may go: about to leave, so not introduced any more. */
  released: boolean
}

export class Room {
  readonly #options: RoomOptions
  /** In order of joining: a Map keeps it, and the first ones are the long-lived ones. */
  readonly #seatById = new Map<PeerId, Seat>()
  #staying = 0

  constructor(options: RoomOptions) {
    this.#options = options
  }

  get online(): number {
    return this.#seatById.size
  }

  /** Seats the member; an older connection of the same identity is superseded. Answers welcome and introductions. */
  join(member: Member, links: number, wanted: Wanted): void {
    const older = this.#unseat(member.contact.id)
    const staying = this.#staying < this.#options.introducers
    this.#seatById.set(member.contact.id, { member, staying, released: false })
    if (staying) this.#staying++
    // Only now: until the newer one is seated, the end of the older one could leave the network empty.
    older?.supersede()
    member.send({ type: 'welcome', stay: staying, checkInMs: this.#options.checkInMs, online: this.online })
    this.introduce(member, wanted)
    this.meshed(member, links)
  }

  /** A member's connection ended. A no-op for one that was superseded. */
  leave(member: Member): void {
    if (this.#seatOf(member) === null) return
    this.#unseat(member.contact.id)
    this.#fillIntroducers()
  }

  introduce(member: Member, wanted: Wanted): void {
    const { randomBelow } = this.#options
    const candidates = this.#introducible(member)
    const contacts = chooseIntroductions(member.contact.id, candidates, { wanted, randomBelow })
    member.send({ type: 'introduced', contacts })
  }

  /** Releases a member that has links enough, unless it is wanted as introducer. */
  meshed(member: Member, links: number): void {
    const seat = this.#seatOf(member)
    if (seat === null || seat.staying || seat.released || links < this.#options.meshedLinks) return
    seat.released = true
    member.send({ type: 'release', checkInMs: this.#options.checkInMs })
  }

  /** Hands bytes to one member. False where it is not connected or does not read. */
  carry(from: Member, to: PeerId, data: Uint8Array): boolean {
    const target = this.#seatById.get(to)?.member
    return target?.send({ type: 'signal', from: from.contact, data }) ?? false
  }

  /** Only who is connected and not about to go: to nobody else could signals be carried. */
  #introducible(asker: Member): Contact[] {
    const contacts: Contact[] = []
    for (const { member, released } of this.#seatById.values())
      if (!released && member !== asker) contacts.push(member.contact)
    return contacts
  }

  /** Keeps enough introducers: the longest connected first, one that is about to go only for want of another. */
  #fillIntroducers(): void {
    while (this.#staying < this.#options.introducers) {
      const waiting = [...this.#seatById.values()].filter((seat) => !seat.staying)
      const next = waiting.find((seat) => !seat.released) ?? waiting[0]
      if (next === undefined) return
      next.staying = true
      next.released = false
      this.#staying++
      next.member.send({ type: 'stay' })
    }
  }

  #unseat(id: PeerId): Member | null {
    const seat = this.#seatById.get(id)
    if (seat === undefined) return null
    this.#seatById.delete(id)
    if (seat.staying) this.#staying--
    return seat.member
  }

  #seatOf(member: Member): Seat | null {
    const seat = this.#seatById.get(member.contact.id)
    return seat?.member === member ? seat : null
  }
}
