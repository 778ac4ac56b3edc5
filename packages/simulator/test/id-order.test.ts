import type { PeerId } from '@hyphae/core'
import { toHex } from '@hyphae/core/wire'
import { expect, test } from 'vitest'
import { IdOrder } from '../src/id-order.ts'
import { SeededRandom } from '../src/random.ts'

const random = new SeededRandom(6, 'ids')
const randomId = () => toHex(random.bytes(32)) as PeerId

test('the closest by XOR are those that a look at everybody finds', () => {
  const ids = Array.from({ length: 700 }, randomId)
  const order = new IdOrder()
  for (const id of ids) order.add(id)
  for (const id of ids.slice(0, 100)) order.delete(id)
  const rest = ids.slice(100)
  for (let i = 0; i < 50; i++) {
    const target = i % 2 === 0 ? randomId() : rest[i]!
    const accepts = (id: PeerId) => id !== target
    const expected = rest.filter(accepts).sort((a, b) => (xor(a, target) < xor(b, target) ? -1 : 1))
    expect(order.closest(target, 9, accepts)).toEqual(expected.slice(0, 9))
  }
})

test('ids that share long prefixes, and fewer ids than wanted', () => {
  const order = new IdOrder()
  const ids = ['00ff', '0f00', 'f000', 'ffff', '00fe'] as PeerId[]
  for (const id of ids) order.add(id)
  for (const id of ids) order.add(id)
  expect(order.size).toBe(5)
  expect(order.closest('00ff', 3, () => true)).toEqual(['00ff', '00fe', '0f00'])
  expect(order.closest('ffff', 9, () => true)).toEqual(['ffff', 'f000', '0f00', '00ff', '00fe'])
})

function xor(a: string, b: string): bigint {
  return BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
}
