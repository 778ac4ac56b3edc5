// Frames and bytes by message type, both ways: the figures that bandwidth claims rest on.

import { MESSAGES, type MessageName } from '../wire/messages.ts'

interface Count {
  frames: number
  bytes: number
}
type CountByName = Readonly<Partial<Record<MessageName, Count>>>

/** Bytes in front of each frame inside a channel message. */
const LENGTH_BYTES = 2

const NAME_BY_TYPE = new Map<number, MessageName>(
  Object.entries(MESSAGES).map(([name, declaration]) => [declaration.type, name as MessageName]),
)

export class Traffic {
  readonly #sent: (Count | undefined)[] = []
  readonly #received: (Count | undefined)[] = []

  countSent(frame: Uint8Array): void {
    count(this.#sent, frame)
  }

  countReceived(frame: Uint8Array): void {
    count(this.#received, frame)
  }

  snapshot(): { sent: CountByName; received: CountByName } {
    return { sent: byName(this.#sent), received: byName(this.#received) }
  }
}

function count(countByType: (Count | undefined)[], frame: Uint8Array): void {
  const type = frame[1] as number
  const entry = countByType[type] ?? { frames: 0, bytes: 0 }
  entry.frames += 1
  entry.bytes += frame.length + LENGTH_BYTES
  countByType[type] = entry
}

/** A copy. Frames of types that we do not know do not get here. */
function byName(countByType: readonly (Count | undefined)[]): CountByName {
  const named: [string, Count][] = []
  for (const [type, name] of NAME_BY_TYPE) {
    const entry = countByType[type]
    if (entry !== undefined) named.push([name, { ...entry }])
  }
  return Object.fromEntries(named)
}
