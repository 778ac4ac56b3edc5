// The networks that have somebody connected. A network is opened by its first member and forgotten with its last.

import { Room, type RoomOptions } from './room.ts'

export class Rooms {
  readonly #roomsMax: number
  readonly #options: RoomOptions
  readonly #roomByNetwork = new Map<string, Room>()

  constructor(roomsMax: number, options: RoomOptions) {
    this.#roomsMax = roomsMax
    this.#options = options
  }

  get count(): number {
    return this.#roomByNetwork.size
  }

  get online(): number {
    let online = 0
    for (const room of this.#roomByNetwork.values()) online += room.online
    return online
  }

  /** The network's room, or null where it would be one too many. */
  open(network: string): Room | null {
    const room = this.#roomByNetwork.get(network)
    if (room !== undefined) return room
    if (this.#roomByNetwork.size >= this.#roomsMax) return null
    const opened = new Room(this.#options)
    this.#roomByNetwork.set(network, opened)
    return opened
  }

  closeIfEmpty(network: string): void {
    if (this.#roomByNetwork.get(network)?.online === 0) this.#roomByNetwork.delete(network)
  }
}
