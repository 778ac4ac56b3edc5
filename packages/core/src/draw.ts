// Choices by chance.

import type { Random } from './contract.ts'

/** Takes up to `count` of the items out of the list, each as likely as any other. */
export function draw<T>(items: T[], count: number, random: Random): T[] {
  const drawn: T[] = []
  while (drawn.length < count && items.length > 0) drawn.push(...items.splice(random.u32() % items.length, 1))
  return drawn
}
