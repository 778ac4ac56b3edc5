// Assertions that need no test runner: suites run in Node, in browsers, and in the runner of whoever writes an adapter.

/** Throws an Error with the message where the condition does not hold. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

/** Compares as JSON, byte arrays as lists of numbers. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [actualText, expectedText] = [textOf(actual), textOf(expected)]
  check(actualText === expectedText, `${what}: expected ${expectedText}, got ${actualText}`)
}

/** The promise must reject with an error of this code. */
export async function rejectsWithCode(promise: Promise<unknown>, code: string, what: string): Promise<void> {
  const outcome = await promise.then(
    () => 'it was fulfilled',
    (error: { code?: string }) => error.code ?? String(error),
  )
  check(outcome === code, `${what}: expected a rejection with code ${code}, got ${outcome}`)
}

/** Calling must throw, or reject, with an error of this name. */
export async function failsWithName(call: () => unknown, name: string, what: string): Promise<void> {
  const outcome = await Promise.resolve()
    .then(call)
    .then(
      () => 'it succeeded',
      (error: Error) => error.name,
    )
  check(outcome === name, `${what}: expected ${name}, got ${outcome}`)
}

function textOf(value: unknown): string {
  const replacer = (_: string, part: unknown) => (part instanceof Uint8Array ? Array.from(part) : part)
  return JSON.stringify(value, replacer) ?? 'undefined'
}
