// Frames and bytes by message type, both ways: the figures that bandwidth claims rest on.

import { MESSAGES, type MessageName } from '../wire/messages.ts'

interface Count {
  frames: number
  bytes: number
}
type CountByName = Partial<Record<MessageName, Count>>

/** Bytes in front of each frame inside a channel message. */
const LENGTH_BYTES = 2

const NAME_BY_TYPE = new Map<number, MessageName>(
  Object.entries(MESSAGES).map(([name, declaration]) => [declaration.type, name as MessageName]),
)

export class Traffic {
  readonly sent: CountByName = {}
  readonly received: CountByName = {}

  countSent(frame: Uint8Array): void {
    count(this.sent, frame)
  }

  countReceived(frame: Uint8Array): void {
    count(this.received, frame)
  }

  snapshot(): { sent: CountByName; received: CountByName } {
    return { sent: copy(this.sent), received: copy(this.received) }
  }
}

function count(into: CountByName, frame: Uint8Array): void {
  const name = NAME_BY_TYPE.get(frame[1] as number)
  if (name === undefined) return
  const entry = into[name]
  if (entry === undefined) into[name] = { frames: 1, bytes: frame.length + LENGTH_BYTES }
  else {
    entry.frames += 1
    entry.bytes += frame.length + LENGTH_BYTES
  }
}

function copy(from: CountByName): CountByName {
  return Object.fromEntries(Object.entries(from).map(([name, entry]) => [name, { ...entry }]))
}
