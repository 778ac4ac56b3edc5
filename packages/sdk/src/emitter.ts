// Typed events. `on` returns its off-switch; a listener that throws does not keep others from hearing, and one that
// is off hears nothing any more.

import { callSafely } from '@hyphae/runtime'

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
    const listeners = this.#listenersByType.get(type)
    for (const listener of [...(listeners ?? [])])
      if (listeners?.has(listener)) callSafely(listener as Listener<Events[T]>, event)
  }

  count(type: keyof Events): number {
    return this.#listenersByType.get(type)?.size ?? 0
  }

  clear(): void {
    this.#listenersByType.clear()
  }
}
