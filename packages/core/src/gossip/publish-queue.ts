// Own messages that wait for their signature, and then for the first link of their topic.

import type { OpId } from '../contract.ts'
import { PUBLISH_QUEUE_BYTES_MAX, PUBLISH_QUEUE_MAX } from '../limits.ts'
import type { TopicId } from '../wire/messages.ts'
import { sealFrame } from './envelope.ts'
import type { GossipStrategy } from './strategy.ts'

export interface Publication {
  readonly op: OpId
  readonly topic: TopicId
  readonly topicName: string
  readonly strategy: GossipStrategy
  readonly payloadBytes: number
  /** A draft until it is signed. */
  frame: Uint8Array
  isSigned: boolean
}

/** At a bound new publications are refused. */
export class PublishQueue {
  readonly #publicationByOp = new Map<OpId, Publication>()
  readonly #opByToken = new Map<string, OpId>()
  #bytes = 0
  #tokens = 0
  #signed = 0

  get size(): number {
    return this.#publicationByOp.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get hasSigned(): boolean {
    return this.#signed > 0
  }

  hasRoom(bytes: number): boolean {
    return this.size < PUBLISH_QUEUE_MAX && this.#bytes + bytes <= PUBLISH_QUEUE_BYTES_MAX
  }

  /** Returns the token under which the frame is to be signed. */
  add(publication: Publication): string {
    this.#publicationByOp.set(publication.op, publication)
    this.#bytes += publication.frame.length
    const token = `sign-${this.#tokens++}`
    this.#opByToken.set(token, publication.op)
    return token
  }

  /** Late and unknown tokens are no-ops. */
  sign(token: string, signature: Uint8Array): void {
    const op = this.#opByToken.get(token)
    this.#opByToken.delete(token)
    const publication = op === undefined ? undefined : this.#publicationByOp.get(op)
    if (publication === undefined) return
    publication.frame = sealFrame(publication.frame, signature)
    publication.isSigned = true
    this.#signed += 1
  }

  /** Signed ones in order of their commands. */
  signed(): Publication[] {
    return [...this.#publicationByOp.values()].filter(({ isSigned }) => isSigned)
  }

  remove(op: OpId): Publication | undefined {
    const publication = this.#publicationByOp.get(op)
    if (publication === undefined) return undefined
    this.#publicationByOp.delete(op)
    this.#bytes -= publication.frame.length
    if (publication.isSigned) this.#signed -= 1
    else for (const [token, other] of this.#opByToken) if (other === op) this.#opByToken.delete(token)
    return publication
  }
}
