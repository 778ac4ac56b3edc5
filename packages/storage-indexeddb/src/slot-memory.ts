// What one tab remembers of its slots, over reloads, in sessionStorage. A hint only: it may be missing, copied into a
// duplicated tab, or somebody else's text. Locks decide.

/** Slots remembered per tab: peers of one page. The first is forgotten for the next. */
const REMEMBERED_MAX = 16

/** What is used of `sessionStorage`. */
export interface SlotMemoryStorage {
  getItem(name: string): string | null
  setItem(name: string, text: string): void
}

export interface SlotMemory {
  /** The first slot that this tab had before this document, or that this document released. It is ours to try then. */
  take(): Entry | null
  /** This document has the slot. */
  remember(slot: number): void
  /** This document released the slot (`null`), and would like it again; or it goes (empty), and the next one should wait for it. */
  leave(slot: number, document: null | ''): void
  /** Somebody else has the slot. */
  forget(slot: number): void
}

/** `document`: who took the slot last; `null` after it was released, empty after who had it went. */
interface Entry {
  readonly slot: number
  readonly document: string | null
}

export interface SlotMemoryOptions {
  readonly name: string
  /** `null`: nothing is remembered. */
  readonly storage: SlotMemoryStorage | null
  readonly documentId: string
}

export function slotMemory({ name, storage, documentId }: SlotMemoryOptions): SlotMemory {
  const read = () => parseEntries(storage?.getItem(name) ?? '[]')
  const write = (entries: readonly Entry[]) => {
    try {
      storage?.setItem(name, JSON.stringify(entries.slice(-REMEMBERED_MAX)))
    } catch {
      // The application filled sessionStorage: a reload may change the slot, nothing worse.
    }
  }
  const replace = (slot: number, document: string | null) => {
    const entries = read()
    const known = entries.some((entry) => entry.slot === slot)
    const entry = { slot, document }
    write(known ? entries.map((other) => (other.slot === slot ? entry : other)) : [...entries, entry])
  }
  return {
    take() {
      const entry = read().find(({ document }) => document !== documentId)
      if (!entry) return null
      replace(entry.slot, documentId)
      return entry
    },
    remember: (slot) => replace(slot, documentId),
    leave: replace,
    forget: (slot) => write(read().filter((entry) => entry.slot !== slot)),
  }
}

function parseEntries(text: string): readonly Entry[] {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? parsed.filter(isEntry) : []
  } catch {
    // Not ours; the next write replaces it.
    return []
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false
  const { slot, document } = value as Record<string, unknown>
  return (
    Number.isInteger(slot) && (slot as number) >= 0 && (document === null || typeof document === 'string')
  )
}
