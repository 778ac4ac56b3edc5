import { expect, test } from 'vitest'
import { utf8 } from '../../src/wire/bytes.ts'
import { StoreNetwork } from './store-network.ts'

const imm = (i: number) => ({ type: 'put', draft: { kind: 'immutable', value: utf8('value ' + i) } }) as const
function fill(net: StoreNetwork, n: number) {
  const keys = []
  for (let i = 0; i < n; i++) {
    const r = net.call(net.anyone(), imm(i)) as any
    if (r.type !== 'done') console.log(r)
    keys.push(r.value.key)
  }
  return keys
}
const counts = (net: StoreNetwork) => JSON.stringify(Object.fromEntries(net.delivered))
function coverage(net: StoreNetwork, keys: any[], k: number) {
  let min = 1e9,
    missing = 0,
    lost = 0,
    extra = 0
  for (const key of keys) {
    const group = net.closest(key, k)
    const holders = net.holdersOf(key)
    const miss = group.filter((p) => !p.disk.has(key)).length
    missing += miss
    if (holders.length === 0) lost++
    min = Math.min(min, holders.length)
    extra += holders.length - (group.length - miss)
  }
  return { min, missing, lost, extra }
}
test.each([
  [30, 5],
  [200, 20],
  [200, 5],
])('kill half %i %i', (n, k) => {
  const net = new StoreNetwork({ seed: 1, replicas: k })
  net.joinMany(n)
  net.run(12_000)
  const keys = fill(net, 100)
  net.run(5_000)
  console.log('filled', n, k, coverage(net, keys, k), counts(net))
  for (const p of net.alive().filter((_, i) => i % 2)) net.kill(p)
  console.log('killed', coverage(net, keys, k))
  net.run(60_000)
  console.log('repaired', coverage(net, keys, k), counts(net))
  const c = counts(net)
  net.run(20 * 60_000)
  console.log('quiet', c === counts(net), coverage(net, keys, k))
  net.joinMany(n)
  net.run(120_000)
  console.log('joined', coverage(net, keys, k), counts(net))
  const d = counts(net)
  net.run(20 * 60_000)
  console.log('quiet', d === counts(net), coverage(net, keys, k), counts(net))
})
test('flash crowd', () => {
  const k = 5
  const net = new StoreNetwork({ seed: 2, replicas: k })
  const old = net.joinMany(5)
  net.run(3_000)
  const keys = fill(net, 50)
  console.log(counts(net), coverage(net, keys, k))
  for (let i = 0; i < 100; i++) {
    net.join()
    net.run(50)
  }
  net.run(60_000)
  console.log('crowd', coverage(net, keys, k), counts(net))
  for (const p of old) net.kill(p)
  net.run(60_000)
  console.log('crowd', coverage(net, keys, k), counts(net))
})
test('leave', () => {
  const k = 3
  const net = new StoreNetwork({ seed: 3, replicas: k })
  net.joinMany(30)
  net.run(12_000)
  const keys = fill(net, 50)
  while (net.alive().length > 1) {
    net.leave(net.anyone())
    net.run(1000)
    const c = coverage(net, keys, k)
    if (c.lost) console.log(net.alive().length, c)
  }
  console.log(coverage(net, keys, 1), counts(net))
})
