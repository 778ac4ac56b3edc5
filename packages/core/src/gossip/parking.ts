// Copies of messages that wait for their signature to be verified. Copies that claim to be the same message of the same
// author are tried one after the other, so that a badly signed one cannot keep the genuine one out.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { PARKED_BYTES_MAX, PARKED_COPIES_MAX, PARKED_MS } from '../limits.ts'
import type { Frame } from '../wire/codec.ts'
import type { MessageId } from '../wire/messages.ts'
import type { GossipMessage } from './envelope.ts'

export interface ParkedCopy {
  readonly id: MessageId
  /** The copy with the most TTL left. */
  frame: Frame
  readonly message: GossipMessage
  /** Who sent these very bytes, in order of arrival. */
  readonly senders: PeerId[]
}

interface Place {
  readonly sequence: string
  readonly since: Millis
  /** The first is being verified. */
  readonly copies: ParkedCopy[]
  token: string
}

/** At a bound new copies are refused: their ids stay unknown, so they are fetched later. */
export class Parking {
  readonly #placeBySequence = new Map<string, Place>()
  readonly #placeByToken = new Map<string, Place>()
  readonly #copyById = new Map<MessageId, ParkedCopy>()
  #bytes = 0
  #tokens = 0

  get size(): number {
    return this.#copyById.size
  }

  get bytes(): number {
    return this.#bytes
  }

  has(id: MessageId): boolean {
    return this.#copyById.has(id)
  }

  /** Returns the token under which the copy is to be verified, or null where it waits, is known or is refused. */
  park(copy: ParkedCopy, now: Millis): string | null {
    const known = this.#copyById.get(copy.id)
    if (known !== undefined) {
      for (const sender of copy.senders) if (!known.senders.includes(sender)) known.senders.push(sender)
      if (copy.frame.ttl > known.frame.ttl) known.frame = copy.frame
      return null
    }
    const sequence = sequenceOf(copy.message)
    const place = this.#placeBySequence.get(sequence)
    if (!this.#hasRoom(copy) || place?.copies.some((other) => hasSender(other, copy))) return null
    this.#keep(copy)
    if (place !== undefined) {
      place.copies.push(copy)
      return null
    }
    return this.#begin({ sequence, since: now, copies: [copy], token: '' })
  }

  /** The copy a token stands for, taken out; `next` is the one to verify now. Null where the token is unknown or stale. */
  settle(
    token: string,
    valid: boolean,
  ): { copy: ParkedCopy; next: ParkedCopy | null; nextToken: string } | null {
    const place = this.#placeByToken.get(token)
    if (place === undefined) return null
    this.#placeByToken.delete(token)
    const copy = place.copies.shift() as ParkedCopy
    this.#release(copy)
    const next = place.copies[0]
    if (valid || next === undefined) {
      this.#end(place)
      return { copy, next: null, nextToken: '' }
    }
    return { copy, next, nextToken: this.#begin(place) }
  }

  /** The copies of this verification are let go, unjudged; their ids are unknown again. */
  drop(token: string): void {
    const place = this.#placeByToken.get(token)
    if (place !== undefined) this.#end(place)
  }

  expire(now: Millis): void {
    for (const place of this.#placeBySequence.values()) if (place.since + PARKED_MS <= now) this.#end(place)
  }

  #begin(place: Place): string {
    place.token = `verify-${this.#tokens++}`
    this.#placeBySequence.set(place.sequence, place)
    this.#placeByToken.set(place.token, place)
    return place.token
  }

  #end({ sequence, copies, token }: Place): void {
    for (const copy of copies) this.#release(copy)
    this.#placeByToken.delete(token)
    this.#placeBySequence.delete(sequence)
  }

  #hasRoom(copy: ParkedCopy): boolean {
    return (
      this.#copyById.size < PARKED_COPIES_MAX && this.#bytes + copy.frame.bytes.length <= PARKED_BYTES_MAX
    )
  }

  #keep(copy: ParkedCopy): void {
    this.#copyById.set(copy.id, copy)
    this.#bytes += copy.frame.bytes.length
  }

  #release(copy: ParkedCopy): void {
    this.#copyById.delete(copy.id)
    this.#bytes -= copy.frame.bytes.length
  }
}

/** One link may park one copy per message: several peers must conspire to delay it by as many verifications. */
function hasSender(other: ParkedCopy, copy: ParkedCopy): boolean {
  return copy.senders.some((sender) => other.senders.includes(sender))
}

function sequenceOf({ topic, author, boot, counter }: GossipMessage): string {
  return `${topic}${author.id}${boot}.${counter}`
}
