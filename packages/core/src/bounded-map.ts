// Maps that others can fill: at the bound what was untouched for longest is forgotten. Maps iterate in order of insertion.

/** Puts an entry last; beyond `max` the first one is dropped. */
export function putLast<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > max) map.delete(map.keys().next().value as K)
}
