// Functions of others that we call: what they throw is theirs, and none of our work is lost by it.

/** The error surfaces as an uncaught one, where its author's tools look for it. */
export function callSafely<T>(callback: (value: T) => void, value: T): void {
  try {
    callback(value)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
