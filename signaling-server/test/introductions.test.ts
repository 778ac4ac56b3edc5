import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseIntroductions } from '../src/introductions.ts'
import { contactOf } from './people.ts'

const asker = contactOf(0)
const distance = (id: string) => BigInt(`0x${id}`) ^ BigInt(`0x${asker.id}`)

test('[SG-9] the closest come first, and nobody twice, however many there are', () => {
  const counts = fc.record({ others: fc.nat(60), random: fc.nat(20), close: fc.nat(20), seed: fc.nat() })
  fc.assert(
    fc.property(counts, ({ others, random, close, seed }) => {
      const candidates = Array.from({ length: others }, (_, index) => contactOf(index + 1))
      const sorted = candidates.toSorted((a, b) => (distance(a.id) < distance(b.id) ? -1 : 1))
      const randomBelow = (bound: number) => seed % bound
      const chosen = chooseIntroductions(asker.id, candidates, { wanted: { random, close }, randomBelow })
      expect(chosen.slice(0, close)).toEqual(sorted.slice(0, close))
      expect(new Set(chosen).size).toBe(Math.min(others, random + close))
    }),
    { seed: 1 },
  )
})

test('[SG-9] random ones are random: everybody gets a turn', () => {
  const candidates = Array.from({ length: 20 }, (_, index) => contactOf(index + 1))
  let state = 1
  const randomBelow = (bound: number) => {
    state = (state * 48_271) % 0x7fff_ffff
    return state % bound
  }
  const chosen = new Set<string>()
  for (let i = 0; i < 100; i++)
    for (const { id } of chooseIntroductions(asker.id, [...candidates], {
      wanted: { random: 2, close: 0 },
      randomBelow,
    }))
      chosen.add(id)
  expect(chosen.size).toBe(20)
})
