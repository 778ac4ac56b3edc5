// A client as bare as a test needs: says exactly what it is told to, and remembers everything it hears.

import {
  type ClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  joinBytes,
  type PeerId,
  type ServerMessage,
} from '@hyphae/core/signaling'
import WebSocket from 'ws'
import { NETWORK, newPerson, type Person } from './people.ts'

/** Milliseconds after which something that was to happen counts as missing. */
const PATIENCE_MS = 5_000

type MessageOf<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>
type Join = Extract<ClientMessage, { type: 'join' }>

export class RawClient {
  readonly socket: WebSocket
  readonly heard: ServerMessage[] = []
  /** Resolves with the close code. */
  readonly closed: Promise<number>
  readonly #waiting = new Set<() => void>()

  constructor(url: string, options: WebSocket.ClientOptions = {}) {
    this.socket = new WebSocket(url, options)
    this.socket.on('message', (data) => this.#hear(data.toString()))
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => this.socket.on('close', resolve))
  }

  say(message: ClientMessage): void {
    this.socket.send(encodeClientMessage(message))
  }

  all<T extends ServerMessage['type']>(type: T): MessageOf<T>[] {
    return this.heard.filter((message): message is MessageOf<T> => message.type === type)
  }

  /** The `nth` message of this type, past or to come. */
  next<T extends ServerMessage['type']>(type: T, nth = 0): Promise<MessageOf<T>> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.all(type)[nth]
        if (found === undefined) return
        clearTimeout(deadline)
        this.#waiting.delete(look)
        resolve(found)
      }
      const names = () => this.heard.map((message) => message.type).join(', ')
      const deadline = setTimeout(() => reject(new Error(`no ${type}; heard: ${names()}`)), PATIENCE_MS)
      this.#waiting.add(look)
      look()
    })
  }

  /** The join that answers our challenge. */
  async joinOf(person: Person, change: Partial<Join> = {}): Promise<Join> {
    const { nonce } = await this.next('challenge')
    const network = change.network ?? NETWORK
    const signature = await person.sign(joinBytes(nonce, network))
    const wanted = { random: 0, close: 0 }
    return {
      type: 'join',
      version: 1,
      network,
      contact: person.contact,
      signature,
      links: 0,
      wanted,
      ...change,
    }
  }

  async join(person: Person, change: Partial<Join> = {}): Promise<MessageOf<'welcome'>> {
    this.say(await this.joinOf(person, change))
    return this.next('welcome')
  }

  #hear(json: string): void {
    const message = decodeServerMessage(json)
    if (message === null) throw new Error(`the server said ${json}`)
    this.heard.push(message)
    for (const look of [...this.#waiting]) look()
  }
}

export interface JoinedClient {
  readonly client: RawClient
  readonly person: Person
  readonly id: PeerId
}

/** A new identity that has joined. */
export async function joinedClient(url: string, change: Partial<Join> = {}): Promise<JoinedClient> {
  const person = await newPerson()
  const client = new RawClient(url)
  await client.join(person, change)
  return { client, person, id: person.contact.id }
}
