// Time as the runtime sees it, so that tests can hold it still.

export interface Clock {
  /** Milliseconds since the Unix epoch, an integer that never goes backwards. */
  now(): number
  /** Calls back once, not before `at`; returns a function that cancels. */
  wakeAt(at: number, callback: () => void): () => void
}
