// What is said in a topic. Anybody in the network can publish anything there, so nothing of it is taken for granted.

/** Characters of a name, and of a text, that are sent or shown. */
export const NAME_MAX = 40
export const TEXT_MAX = 2_000

export interface ChatPayload {
  readonly name: string
  readonly text: string
  /** The author's clock. */
  readonly at: number
}

export interface ChatMessage extends ChatPayload {
  readonly id: string
  readonly from: string
  readonly hops: number
}

interface Received {
  readonly id: string
  readonly from: string
  readonly hops: number
  readonly data: unknown
}

/** Throws a RangeError where the text is longer than what others show of it. */
export function chatPayloadOf(name: string, text: string, at: number): ChatPayload {
  if (text.length > TEXT_MAX)
    throw new RangeError(`A message has at most ${TEXT_MAX} characters, this one has ${text.length}`)
  return { name, text, at }
}

/**
 * Null where it is no chat message; another program may use the topic too. A missing or impossible time becomes `now`, and so
 * does one that is still to come, of a clock that is ahead.
 */
export function chatMessageOf({ id, from, hops, data }: Received, now: number): ChatMessage | null {
  const { name, text, at } = (data ?? {}) as Partial<Record<keyof ChatPayload, unknown>>
  if (typeof text !== 'string' || text.trim() === '') return null
  return {
    id,
    from,
    hops,
    name: typeof name === 'string' ? cut(name.trim(), NAME_MAX) : '',
    text: cut(text, TEXT_MAX),
    at: isTime(at) ? Math.min(at, now) : now,
  }
}

function isTime(at: unknown): at is number {
  return typeof at === 'number' && !Number.isNaN(new Date(at).getTime())
}

/** Not through the middle of a character that takes two units. */
function cut(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')
}
