// Every TCP connection, whatever becomes of it: a download, a WebSocket, or nothing, which HTTP notices late. What it holds is what
// the process must let go at its end, and its bound keeps one address from taking all connections that there are.

import type { Socket } from 'node:net'
import { addressGroup } from './remote-address.ts'

export class Sockets {
  readonly #perAddressMax: number
  readonly #open = new Set<Socket>()
  readonly #countByAddress = new Map<string, number>()

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax
  }

  /** Counts a connection until it closes. False where its address has too many. */
  add(socket: Socket): boolean {
    const address = addressGroup(socket.remoteAddress ?? '')
    const count = this.#countByAddress.get(address) ?? 0
    if (count >= this.#perAddressMax) return false
    this.#open.add(socket)
    this.#countByAddress.set(address, count + 1)
    socket.once('close', () => this.#remove(socket, address))
    return true
  }

  has(socket: Socket): boolean {
    return this.#open.has(socket)
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy()
  }

  #remove(socket: Socket, address: string): void {
    this.#open.delete(socket)
    const count = this.#countByAddress.get(address) ?? 0
    if (count > 1) this.#countByAddress.set(address, count - 1)
    else this.#countByAddress.delete(address)
  }
}
