// Ids in ascending order, so that the closest by XOR among ten thousand are found without looking at all of them: what
// shares a prefix lies together.

import type { PeerId } from '@hyphae/core'

export class IdOrder {
  readonly #ids: PeerId[] = []

  get size(): number {
    return this.#ids.length
  }

  add(id: PeerId): void {
    const place = this.#placeOf(id)
    if (this.#ids[place] !== id) this.#ids.splice(place, 0, id)
  }

  delete(id: PeerId): void {
    const place = this.#placeOf(id)
    if (this.#ids[place] === id) this.#ids.splice(place, 1)
  }

  /** Throws a RangeError where there is none. */
  at(index: number): PeerId {
    const id = this.#ids[index]
    if (id === undefined) throw new RangeError(`index is 0 to ${this.#ids.length - 1}; got ${index}`)
    return id
  }

  /** Up to `count` ids that are accepted, closest to the target first. */
  closest(target: string, count: number, accepts: (id: PeerId) => boolean): PeerId[] {
    const found: PeerId[] = []
    this.#collect({ target, count, accepts, found }, 0, { from: 0, to: this.#ids.length })
    return found
  }

  /** Descends by hexadecimal digits: the branch of the target's digit first, then by XOR of the digits. */
  #collect(wanted: Wanted, depth: number, { from, to }: Range): void {
    if (wanted.found.length >= wanted.count || from >= to) return
    if (to - from === 1) {
      const id = this.#ids[from] as PeerId
      if (wanted.accepts(id)) wanted.found.push(id)
      return
    }
    const own = Number.parseInt(wanted.target.charAt(depth), 16)
    const prefix = (this.#ids[from] as PeerId).slice(0, depth)
    for (let difference = 0; difference < 16; difference++) {
      const digit = own ^ difference
      const branch = {
        from: this.#placeOf(prefix + digit.toString(16)),
        to: digit === 15 ? to : this.#placeOf(prefix + (digit + 1).toString(16)),
      }
      this.#collect(wanted, depth + 1, branch)
    }
  }

  /** Index of the first id that is not smaller. */
  #placeOf(id: string): number {
    let from = 0
    let to = this.#ids.length
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#ids[middle] as PeerId) < id) from = middle + 1
      else to = middle
    }
    return from
  }
}

interface Wanted {
  readonly target: string
  readonly count: number
  readonly accepts: (id: PeerId) => boolean
  readonly found: PeerId[]
}

interface Range {
  readonly from: number
  readonly to: number
}
