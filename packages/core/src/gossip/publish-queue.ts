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

/** Begins the token under which a publication is signed; its command ends it. */
const SIGN = 'sign-'

/** At a bound new publications are refused. */
export class PublishQueue {
  readonly #publicationByOp = new Map<OpId, Publication>()
  #bytes = 0

  get size(): number {
    return this.#publicationByOp.size
  }

  hasRoom(bytes: number): boolean {
    return this.size < PUBLISH_QUEUE_MAX && this.#bytes + bytes <= PUBLISH_QUEUE_BYTES_MAX
  }

  /** Returns the token under which the frame is to be signed. */
  add(publication: Publication): string {
    this.#publicationByOp.set(publication.op, publication)
    this.#bytes += publication.frame.length
    return SIGN + publication.op
  }

  /** Late and unknown tokens are no-ops. */
  sign(token: string, signature: Uint8Array): void {
    const publication = this.#publicationByOp.get(Number(token.slice(SIGN.length)))
    if (publication === undefined || publication.isSigned) return
    publication.frame = sealFrame(publication.frame, signature)
    publication.isSigned = true
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
    return publication
  }
}
