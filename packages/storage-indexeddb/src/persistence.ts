// Asks the browser not to delete this site's data when the disk fills up. Chromium decides by itself; Firefox asks the
// user and may answer after minutes, or never. So nothing ever waits for it.

/** What is used of `navigator.storage`. */
export interface PersistenceSource {
  persisted(): Promise<boolean>
  persist(): Promise<boolean>
}

/** Whether the data is safe from eviction; `null` where the browser does not say. Never rejects. */
export async function requestPersistence(
  source: PersistenceSource | undefined = globalThis.navigator?.storage,
): Promise<boolean | null> {
  if (!source?.persist) return null
  try {
    return (await source.persisted()) || (await source.persist())
  } catch {
    // Refused by a permissions policy, or in a sandboxed frame: as good as not said.
    return null
  }
}
