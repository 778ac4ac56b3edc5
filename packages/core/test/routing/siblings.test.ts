import { expect, test } from 'vitest'
import { SIBLINGS_MAX } from '../../src/limits.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import { RoutingBench } from './routing-bench.ts'

/** A full list; the closest contacts that were ever made are kept out of it. */
function full() {
  const bench = new RoutingBench()
  const table = new RoutingTable(bench.self.id)
  const [first, second, ...others] = bench.closestFirst(bench.contacts(2 + SIBLINGS_MAX + 20))
  for (const [index, contact] of others.entries()) table.add(contact, index, true)
  table.siblings.takeChanges()
  const far = table.all().find((known) => !table.siblings.has(known))
  return { table, first: first!, second: second!, far: far! }
}

test('[RT-12] somebody who dies beyond the forty is no news', () => {
  const { table, far } = full()
  expect(table.remove(far)).toBe(false)
  expect(table.siblings.hasChanged).toBe(false)
})

test('[RT-12] whoever is displaced is not gone, and whoever comes and is displaced at once never came', () => {
  const { table, first, second } = full()
  table.remove(table.add(first, 100, true))
  expect(table.siblings.takeChanges()).toMatchObject({ added: [{}], gone: [] })
  const last = table.siblings.list.at(-1)!
  table.remove(last)
  const back = table.siblings.list.at(-1)!
  expect(table.siblings.takeChanges().gone).toEqual([last.id])
  expect(back).not.toBe(last)
  table.add(last.contact, 100, true)
  table.add(first, 100, true)
  table.add(second, 100, true)
  const { added, gone } = table.siblings.takeChanges()
  expect(gone).toEqual([])
  expect(added).toEqual([first, second])
})

test('[RT-12] whoever died and came back between two messages is not gone', () => {
  const { table } = full()
  const { contact } = table.siblings.list[3]!
  table.remove(table.siblings.list[3]!)
  table.add(contact, 100, true)
  expect(table.siblings.takeChanges().gone).toEqual([])
})
