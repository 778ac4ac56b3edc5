// A conformance suite is a list of cases, so that any test runner, or a page without one, can run it.

export interface ConformanceCase {
  /** A sentence that holds for every adapter. */
  readonly title: string
  /** Rejects with a message for people where it does not hold. */
  run(): Promise<void>
}
