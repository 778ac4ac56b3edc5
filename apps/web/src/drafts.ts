// What is typed in each topic and not said yet, and what became of what was said there last.

export interface Draft {
  readonly text: string
  readonly note: string
}

export type Drafts = ReadonlyMap<string, Draft>

const NOTHING: Draft = { text: '', note: '' }

export function draftOf(drafts: Drafts, topic: string): Draft {
  return drafts.get(topic) ?? NOTHING
}

export function withDraft(drafts: Drafts, topic: string, change: Partial<Draft>): Drafts {
  return new Map(drafts).set(topic, { ...draftOf(drafts, topic), ...change })
}

/** Behind what was typed meanwhile: several messages that wait fail in the order they were said. */
export function withReturned(drafts: Drafts, topic: string, said: string): Drafts {
  const { text } = draftOf(drafts, topic)
  return withDraft(drafts, topic, { text: text === '' ? said : `${text} ${said}` })
}
