import fc from 'fast-check'
import { expect, test } from 'vitest'
import { proofOf } from '../../src/dht/admission.ts'
import {
  compareVersions,
  type PeerRecord,
  type RecordVersion,
  recordKey,
  recordVersion,
} from '../../src/dht/record.ts'
import type { StoreEffect } from '../../src/dht/store.ts'
import type { Key } from '../../src/identity/peer-id.ts'
import { outOfBounds } from '../../src/peer/table-bounds.ts'
import { utf8 } from '../../src/wire/bytes.ts'
import {
  head,
  immutable,
  operationNumber,
  owned,
  type Route,
  replica,
  StoreBench,
  shared,
  store,
  stored,
  value,
} from '../store/store-bench.ts'
import { contactNumber, isSigned } from '../store/store-network.ts'
import { checkScripts, type Stage } from './script.ts'

const PEERS = 8
const START_MS = 1_700_000_000_000
const authors = [contactNumber(20), contactNumber(21)] as const

/** One of a few records; those under one key differ in version, some are forged or from the future. */
interface Named {
  readonly kind: 'immutable' | 'owned' | 'shared'
  readonly author: number
  readonly version: number
  readonly text: number
  readonly forged: boolean
}

type Step =
  | ({
      readonly do: 'store' | 'replica' | 'reply'
      readonly from: number
      readonly operation: number
      readonly lifeSeconds: number
    } & Named)
  | {
      readonly do: 'get'
      readonly from: number
      readonly operation: number
      readonly head: boolean
      readonly record: Named
    }
  | { readonly do: 'put' | 'read' | 'holders'; readonly record: Named }
  | { readonly do: 'stored'; readonly from: number; readonly result: number; readonly record: Named }
  | { readonly do: 'ended'; readonly back: number }
  | { readonly do: 'cancel'; readonly back: number }
  | { readonly do: 'meet' | 'lose'; readonly who: number }
  | { readonly do: 'hold'; readonly jobs: boolean }
  | { readonly do: 'finish'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }

const is = <T extends string>(name: T) => fc.constant(name)
const names = {
  kind: fc.constantFrom('immutable' as const, 'owned' as const, 'shared' as const),
  author: fc.nat(1),
  version: fc.nat(4),
  text: fc.nat(1),
  forged: fc.boolean(),
}
const record = fc.record(names)
const from = fc.nat(PEERS - 1)
const operation = fc.integer({ min: 1, max: 40 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('store' as const, 'replica' as const, 'reply' as const),
      from,
      operation,
      lifeSeconds: fc.nat(200_000),
      ...names,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: is('get'), from, operation, head: fc.boolean(), record }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('put' as const, 'read' as const, 'holders' as const),
      record,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: is('stored'), from, result: fc.nat(3), record }) },
  { weight: 2, arbitrary: fc.record({ do: is('ended'), back: fc.nat(5) }) },
  fc.record({ do: is('cancel'), back: fc.nat(3) }),
  fc.record({ do: fc.constantFrom('meet' as const, 'lose' as const), who: fc.integer({ min: 30, max: 36 }) }),
  fc.record({ do: is('hold'), jobs: fc.boolean() }),
  { weight: 3, arbitrary: fc.record({ do: is('finish'), which: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ do: is('wait'), ms: fc.oneof(fc.nat(3_000), fc.nat(7_200_000)) }) },
)

/** Counts that show that scripts reach what they are about. */
const seen = { kept: 0, newer: 0, forgotten: 0, done: 0, failed: 0, answers: 0 }

class StoreStage implements Stage<Step> {
  readonly #bench = new StoreBench({ peers: PEERS, replicas: 4 })
  /** Of what is on the disk. */
  readonly #versionByKey = new Map<Key, RecordVersion>()
  readonly #routes: Route[] = []
  readonly #openOps = new Set<number>()
  readonly #ops: number[] = []
  #wrong: string[] = []

  perform(step: Step): readonly StoreEffect[] {
    const effects = this.#do(step)
    this.#bench.take()
    for (const effect of effects) this.#look(effect)
    return effects
  }

  problems(): string[] {
    const { store, disk } = this.#bench
    const wrong = [...this.#wrong, ...outOfBounds(store.tables(), PEERS)]
    const records = store.tables()['recordsHeld']
    if (records !== disk.size) wrong.push(`holds ${records} records, and ${disk.size} are on the disk`)
    return wrong
  }

  /** Every command ends once, and nothing is under way when all has been answered. */
  end(): string[] {
    this.perform({ do: 'hold', jobs: false })
    for (let i = 0; i < 30; i++) {
      while (this.#bench.held.length > 0) this.perform({ do: 'finish', which: 0 })
      while (this.#routes.length > 0) this.perform({ do: 'ended', back: 0 })
      this.perform({ do: 'wait', ms: 5_000 })
    }
    if (this.#openOps.size > 0) this.#wrong.push(`${this.#openOps.size} commands have never ended`)
    const { storeCalls } = this.#bench.store.tables()
    if (storeCalls !== 0) this.#wrong.push(`${storeCalls} commands are still there`)
    return this.problems()
  }

  #do(step: Step): StoreEffect[] {
    const bench = this.#bench
    switch (step.do) {
      case 'store':
      case 'replica': {
        const made = recordOf(step)
        const origin = operationNumber(step.operation)
        const { lifeSeconds } = step
        const message =
          step.do === 'store' ? store(made, 4, lifeSeconds) : replica(made, { origin, lifeSeconds })
        return bench.deliver(message, { from: contactNumber(step.from).id, operation: origin })
      }
      case 'get': {
        const key = recordKey(recordOf(step.record))
        const options = { from: contactNumber(step.from).id, operation: operationNumber(step.operation) }
        return bench.deliver({ ...head(key), head: step.head }, options)
      }
      case 'reply': {
        const route = this.#routes.at(-1)
        if (route === undefined) return []
        return bench.reply(route, value(contactNumber(step.from), recordOf(step), step.lifeSeconds), {
          last: false,
        })
      }
      case 'stored': {
        const route = this.#routes.at(-1)
        if (route === undefined) return []
        const made = recordOf(step.record)
        const holder = contactNumber(step.from)
        return bench.reply(route, stored(route.operation, holder, made, { result: step.result }), {
          last: false,
        })
      }
      case 'ended': {
        const [route] = this.#routes.splice(-1 - step.back, 1)
        return route === undefined ? [] : bench.ended(route)
      }
      case 'put':
      case 'read':
      case 'holders':
        return this.#call(step)
      case 'cancel': {
        const op = this.#ops.at(-1 - step.back)
        if (op === undefined) return []
        this.#openOps.delete(op)
        return bench.input({ type: 'cancel', op })
      }
      case 'meet':
      case 'lose':
        return this.#setKnown(step.who, step.do === 'meet')
      case 'hold':
        bench.holdJobs = step.jobs
        return []
      case 'finish': {
        const [job] = bench.held.splice(step.which % Math.max(1, bench.held.length), 1)
        return job === undefined ? [] : bench.finish(job)
      }
      case 'wait':
        return bench.advance(step.ms)
    }
  }

  #call({ do: what, record: named }: Extract<Step, { do: 'put' | 'read' | 'holders' }>): StoreEffect[] {
    const bench = this.#bench
    const op = this.#ops.length + 1
    this.#ops.push(op)
    this.#openOps.add(op)
    const { kind, version, text } = named
    const made = recordOf(named)
    const space = { kind: 'shared', namespace: 'space', name: 'name', writers: [] } as const
    const content = utf8(`ours ${version} ${text}`)
    const before = bench.out.length
    if (what === 'holders') bench.call({ type: 'holders', key: recordKey(made) })
    else if (what === 'put') {
      const draft =
        kind === 'immutable'
          ? ({ kind, value: content } as const)
          : kind === 'owned'
            ? ({
                kind,
                salt: utf8('salt'),
                value: content,
                ...(version > 2 && { sequence: version }),
              } as const)
            : { ...space, value: content }
      bench.call({ type: 'put', draft })
    } else {
      const name =
        made.kind === 'immutable'
          ? ({ kind: 'immutable', key: recordKey(made) } as const)
          : made.kind === 'owned'
            ? ({ kind: 'owned', ownerKey: made.ownerKey, salt: made.salt } as const)
            : space
      bench.call({ type: 'get', name })
    }
    return bench.out.slice(before)
  }

  #setKnown(number: number, comes: boolean): StoreEffect[] {
    const contact = contactNumber(number)
    const isKnown = this.#bench.contactOf(contact.id) !== null
    if (isKnown === comes) return []
    if (comes) return this.#bench.meet(contact)
    return this.#bench.lose(this.#bench.contactOf(contact.id)!)
  }

  #look(effect: StoreEffect): void {
    if (effect.type === 'set-timer' && !(effect.afterMs >= 0))
      this.#wrong.push(`a timer in ${effect.afterMs} ms`)
    else if (effect.type === 'route') this.#routes.push(effect)
    else if (effect.type === 'store') this.#lookAtCopy(effect.key, effect.record)
    else if (effect.type === 'forget') {
      seen.forgotten += 1
      this.#versionByKey.delete(effect.key)
    } else if (effect.type === 'done' || effect.type === 'failed') {
      seen[effect.type] += 1
      if (!this.#openOps.delete(effect.op)) this.#wrong.push(`command ${effect.op} has ended twice`)
    } else if (effect.type === 'answer') {
      seen.answers += 1
      if (effect.inner.type === 'VALUE') this.#lookAtRecord(effect.inner.record, 'is given to others')
    }
  }

  /** [RC-4] What is held under a key is never replaced by something older. */
  #lookAtCopy(key: Key, record: PeerRecord): void {
    this.#lookAtRecord(record, 'is kept')
    if (recordKey(record) !== key) this.#wrong.push('a record is kept under a key that is not its own')
    const before = this.#versionByKey.get(key)
    const version = recordVersion(record)
    seen.kept += 1
    if (before !== undefined) {
      const order = compareVersions(version, before)
      if (order > 0) seen.newer += 1
      if (order < 0) this.#wrong.push('a record was replaced by an older one')
    }
    this.#versionByKey.set(key, version)
  }

  #lookAtRecord(record: PeerRecord, what: string): void {
    const proof = proofOf(record)
    if (proof !== null && !isSigned(proof)) this.#wrong.push(`a forged record ${what}`)
  }
}

function recordOf({ kind, author, version, text, forged }: Named): PeerRecord {
  if (kind === 'immutable') return immutable(`text ${author} ${text}`)
  const contact = authors[author === 0 ? 0 : 1]
  const made =
    kind === 'owned'
      ? owned(contact, version, `text ${text}`)
      : shared(contact, (START_MS + version * 300_000) * 1_024, { text: `text ${text}` })
  return forged ? { ...made, signature: new Uint8Array(64) } : made
}

test('[RC-4] [RC-9] no script makes a store keep what is forged or older, or forget a command', () => {
  checkScripts({ step, newStage: () => new StoreStage(), runs: 200, steps: 60 })
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(20)
})
