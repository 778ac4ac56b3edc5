import { describe, expect, test } from 'vitest'
import { COPIES_BYTES_MIN, COPIES_BYTES_START, COPY_PROMPT_MS, COPY_SILENT_MS } from '../../src/limits.ts'
import { immutable, operationNumber, type Route, StoreBench, store, stored } from './store-bench.ts'
import { contactNumber } from './store-network.ts'

/** With what else a copy has, 8 of them are COPIES_BYTES_START. */
const VALUE_BYTES = COPIES_BYTES_START / 8 - 256
const origin = operationNumber(42)
const large = immutable(`${'x'.repeat(VALUE_BYTES - 1)}1`)

function bench(): StoreBench {
  return new StoreBench({ peers: 60, replicas: 40 })
}

/** Copies that were sent since the last look. */
function sent(at: StoreBench): Route[] {
  const routes = at.routed('REPLICA')
  at.take()
  return routes
}

function begin(at: StoreBench, wanted = 40, record = large): Route[] {
  at.deliver(store(record, wanted), { operation: origin })
  return sent(at)
}

function acknowledge(at: StoreBench, routes: readonly Route[], record = large): void {
  for (const route of routes) {
    const holder = at.known.find(({ id }) => (id as string) === route.target) ?? contactNumber(0)
    at.reply(route, stored(origin, holder, record))
  }
}

describe('a window', () => {
  test('[RP-18] 64 KiB of copies leave at once, and small ones all together', () => {
    expect(begin(bench())).toHaveLength(8)
    expect(begin(bench(), 40, immutable('small'))).toHaveLength(39)
  })

  test('[RP-18] each prompt answer makes room for two', () => {
    const at = bench()
    const first = begin(at)
    at.advance(COPY_PROMPT_MS)
    acknowledge(at, first.slice(0, 1))
    expect(sent(at)).toHaveLength(2)
    acknowledge(at, first.slice(1))
    expect(sent(at)).toHaveLength(14)
  })

  test('[RP-18] late ones of one flight halve it once, down to 16 KiB', () => {
    const at = bench()
    let flight = begin(at)
    const sizes: number[] = []
    for (let round = 0; round < 4; round++) {
      at.advance(COPY_PROMPT_MS + 1)
      acknowledge(at, flight)
      flight = sent(at)
      sizes.push(flight.length)
    }
    const least = COPIES_BYTES_MIN / (VALUE_BYTES + 256)
    expect(sizes).toEqual([4, least, least, least])
  })

  test('[RP-18] who is silent holds the others up for a second and no more, and is no sign of a thin line', () => {
    const at = bench()
    begin(at)
    expect(at.advance(COPY_SILENT_MS - 1)).toEqual([])
    at.advance(1)
    expect(sent(at)).toHaveLength(8)
  })

  test('[RP-18] [RP-4] a holder has its 2.5 s from when its copy is sent', () => {
    const at = bench()
    begin(at)
    at.advance(COPY_SILENT_MS)
    for (const { timeoutMs } of sent(at)) expect(timeoutMs).toBe(2_500)
  })

  test('[RP-18] an answer that comes after that takes nothing out of it twice', () => {
    const at = bench()
    const first = begin(at)
    at.advance(COPY_SILENT_MS)
    expect(sent(at)).toHaveLength(8)
    acknowledge(at, first)
    expect(sent(at)).toEqual([])
  })
})
