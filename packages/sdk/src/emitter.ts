// Typed events. `on` returns its off-switch; a listener that throws does not keep others from hearing.

export type Listener<T> = (event: T) => void

export class Emitter<Events extends object> {
  readonly #listenersByType = new Map<keyof Events, Set<Listener<never>>>()

  on<T extends keyof Events>(type: T, listener: Listener<Events[T]>): () => void {
    const listeners = this.#listenersByType.get(type) ?? new Set<Listener<never>>()
    this.#listenersByType.set(type, listeners)
    // A wrapper, so that one function listening twice is two listeners with an off-switch each.
    const wrapped: Listener<Events[T]> = (event) => listener(event)
    listeners.add(wrapped as Listener<never>)
    return () => void listeners.delete(wrapped as Listener<never>)
  }

  emit<T extends keyof Events>(type: T, event: Events[T]): void {
    for (const listener of [...(this.#listenersByType.get(type) ?? [])])
      callSafely(listener as Listener<Events[T]>, event)
  }

  count(type: keyof Events): number {
    return this.#listenersByType.get(type)?.size ?? 0
  }

  clear(): void {
    this.#listenersByType.clear()
  }
}

/** The error of a listener is its author's: it surfaces as an uncaught one, where their tools look for it. */
function callSafely<T>(listener: Listener<T>, event: T): void {
  try {
    listener(event)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
