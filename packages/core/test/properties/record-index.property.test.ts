import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RecordHeader } from '../../src/dht/record.ts'
import { RecordIndex } from '../../src/dht/record-index.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import { bucketIndexOf } from '../../src/routing/distance.ts'
import { checkScripts, type Stage } from './script.ts'

const SELF = '0'.repeat(64) as PeerId
const RECORDS_MAX = 6
const BYTES_MAX = 400

type Step =
  | {
      readonly do: 'put'
      readonly key: number
      readonly bytes: number
      readonly own: boolean
      readonly lifeMs: number
    }
  | { readonly do: 'change'; readonly key: number; readonly own: boolean; readonly lifeMs: number }
  | { readonly do: 'remove'; readonly key: number }
  | { readonly do: 'wait'; readonly ms: number }

const key = fc.nat(23)
const lifeMs = fc.nat(5_000)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      key,
      bytes: fc.nat(150),
      own: fc.nat(9).map((n) => n === 0),
      lifeMs,
    }),
  },
  fc.record({ do: fc.constant('change' as const), key, own: fc.boolean(), lifeMs }),
  fc.record({ do: fc.constant('remove' as const), key }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.nat(2_000) }),
)

/** Counts that show that scripts reach what they are about. */
const seen = { evicted: 0, refused: 0, expired: 0 }

/** The index beside a plain map of what it must hold. */
class IndexStage implements Stage<Step> {
  readonly #index = new RecordIndex(SELF, { records: RECORDS_MAX, bytes: BYTES_MAX })
  readonly #headerByKey = new Map<Key, RecordHeader>()
  #now = 1_000
  #wrong: string[] = []

  perform(step: Step): readonly unknown[] {
    switch (step.do) {
      case 'put':
        return [this.#put(step)]
      case 'change': {
        const key = keyOf(step.key)
        const change = { own: step.own, expiresAt: this.#now + step.lifeMs }
        const before = this.#headerByKey.get(key)
        const after = this.#index.change(key, change)
        if (before !== undefined) this.#headerByKey.set(key, { ...before, ...change })
        return [after]
      }
      case 'remove':
        this.#headerByKey.delete(keyOf(step.key))
        return [this.#index.remove(keyOf(step.key))]
      case 'wait':
        return [this.#expire(step.ms)]
    }
  }

  problems(): string[] {
    const { held, own, bytes } = this.#index.stats()
    const headers = [...this.#headerByKey.values()]
    const wrong = [...this.#wrong]
    if (held > RECORDS_MAX || bytes > BYTES_MAX) wrong.push(`holds ${held} records and ${bytes} bytes`)
    if (held !== headers.length) wrong.push(`holds ${held} records instead of ${headers.length}`)
    if (own !== headers.filter((header) => header.own).length) wrong.push(`counts ${own} records as our own`)
    if (bytes !== headers.reduce((sum, { valueBytes }) => sum + valueBytes, 0))
      wrong.push(`counts ${bytes} bytes`)
    for (const header of headers)
      if (JSON.stringify(this.#index.peek(header.key)) !== JSON.stringify(header))
        wrong.push(`${header.key} is another`)
    return wrong
  }

  #put({ key: number, bytes, own, lifeMs }: Step & { do: 'put' }): readonly Key[] | null {
    const header: RecordHeader = {
      key: keyOf(number),
      kind: 'immutable',
      version: { rank: 0, tie: '' },
      valueBytes: bytes,
      storedAt: this.#now,
      expiresAt: this.#now + lifeMs,
      own,
    }
    const evicted = this.#index.put(header)
    if (evicted === null) {
      seen.refused += 1
      if (this.#hasRoomFor(header)) this.#wrong.push('a record was refused for which there is room')
      return null
    }
    for (const key of evicted) {
      seen.evicted += 1
      const gone = this.#headerByKey.get(key)
      if (gone === undefined || gone.own) this.#wrong.push('what is ours, or not there, had to go')
      if (!own && bucketIndexOf(SELF, key) >= bucketIndexOf(SELF, header.key))
        this.#wrong.push('a record went for one that is no closer')
      this.#headerByKey.delete(key)
    }
    this.#headerByKey.set(header.key, header)
    return evicted
  }

  /** Beside what may not go for it: what is ours, and for a record of others what is as close. */
  #hasRoomFor({ key, own, valueBytes }: RecordHeader): boolean {
    const mayGo = (held: RecordHeader) =>
      !held.own && (own || bucketIndexOf(SELF, held.key) < bucketIndexOf(SELF, key))
    const staying = [...this.#headerByKey.values()].filter((held) => held.key !== key && !mayGo(held))
    const bytes = staying.reduce((sum, held) => sum + held.valueBytes, valueBytes)
    return staying.length < RECORDS_MAX && bytes <= BYTES_MAX
  }

  #expire(ms: number): readonly Key[] {
    this.#now += ms
    const expired = this.#index.expire(this.#now)
    for (const key of expired) {
      seen.expired += 1
      const header = this.#headerByKey.get(key)
      if (header === undefined || header.own || header.expiresAt > this.#now)
        this.#wrong.push(`${key} lives on`)
      this.#headerByKey.delete(key)
    }
    for (const { own, expiresAt } of this.#headerByKey.values())
      if (!own && expiresAt <= this.#now) this.#wrong.push('a record is past its time')
    return expired
  }
}

/** Keys in six zones, four in each: they share none to five of the first bits with our id. */
function keyOf(number: number): Key {
  const zone = number % 6
  const digits = (0x800 >> zone).toString(16).padStart(3, '0')
  return `${digits}${number.toString(16).padStart(61, '0')}` as Key
}

test('[RC-8] [RC-11] no script takes the index beyond its bounds, or takes from it what must stay', () => {
  checkScripts({ step, newStage: () => new IndexStage(), runs: 400, steps: 60 })
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50)
})
