import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ROUTE_MODES, type RouteMode } from '../../src/dht/route-state.ts'
import type { RouterEffect } from '../../src/dht/router.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { HOPS_MAX } from '../../src/limits.ts'
import { outOfBounds } from '../../src/peer/table-bounds.ts'
import { encodeInner } from '../../src/wire/codec.ts'
import type { OperationId } from '../../src/wire/messages.ts'
import { ANSWER, id, only, operationOf, QUESTION, RouterBench, SELF } from '../dht/router-bench.ts'
import { checkScripts, replay, type Stage } from './script.ts'

/** First digits of the ids of neighbours and of targets; ours are 00. */
const peers = ['08', '10', '20', '40', '48', '80', 'c0', 'f0']
const targets = ['00', '01', '11', '48', '80', 'ff']
/** Operations below are ours, the others those of others. */
const OURS = 3

type Step =
  | { readonly do: 'link' | 'unlink'; readonly who: string }
  | { readonly do: 'hold'; readonly target: string }
  | {
      readonly do: 'start'
      readonly operation: number
      readonly mode: RouteMode
      readonly target: string
      readonly paths: number
      readonly via: string[]
    }
  | { readonly do: 'stop'; readonly operation: number }
  | {
      readonly do: 'route'
      readonly from: string
      readonly operation: number
      readonly path: number
      readonly mode: RouteMode
      readonly target: string
      readonly visited: string[]
      readonly via: string[]
      readonly ttl: number
    }
  | { readonly do: 'ack'; readonly from: string; readonly operation: number; readonly path: number }
  | {
      readonly do: 'nack'
      readonly from: string
      readonly operation: number
      readonly path: number
      readonly hopsLeft: number
      readonly visited: string[]
    }
  | {
      readonly do: 'reply'
      readonly from: string
      readonly operation: number
      readonly path: number
      readonly last: boolean
      readonly rubbish: boolean
    }
  /** Whoever was sent a ROUTE so many before the last one says this of it. */
  | { readonly do: 'hop'; readonly says: 'ack' | 'nack' | 'reply' | 'last'; readonly back: number }
  | { readonly do: 'answer'; readonly operation: number; readonly path: number; readonly last: boolean }
  | { readonly do: 'pass'; readonly operation: number; readonly path: number }
  | { readonly do: 'wait'; readonly ms: number }

const who = fc.constantFrom(...peers)
const some = fc.uniqueArray(who, { maxLength: 3 })
const mode = fc.constantFrom<RouteMode[]>('closest', 'exact', 'any', 'near', 'probe')
const target = fc.constantFrom(...targets)
const operation = fc.integer({ min: 1, max: 2 * OURS })
const path = fc.nat(2)
const is = <T extends string>(name: T) => fc.constant(name)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('link' as const, 'unlink' as const), who }),
  fc.record({ do: is('hold'), target }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: is('start'),
      operation: fc.integer({ min: 1, max: OURS }),
      mode,
      target,
      paths: fc.integer({ min: 1, max: 3 }),
      via: some,
    }),
  },
  fc.record({ do: is('stop'), operation: fc.integer({ min: 1, max: OURS }) }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: is('route'),
      from: who,
      operation,
      path,
      mode,
      target,
      visited: some,
      via: some,
      ttl: fc.nat(30),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: is('ack'), from: who, operation, path }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: is('nack'), from: who, operation, path, hopsLeft: fc.nat(30), visited: some }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: is('reply'),
      from: who,
      operation,
      path,
      last: fc.boolean(),
      rubbish: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: is('hop'),
      says: fc.constantFrom('ack' as const, 'nack' as const, 'reply' as const, 'last' as const),
      back: fc.nat(3),
    }),
  },
  fc.record({ do: is('answer'), operation, path, last: fc.boolean() }),
  fc.record({ do: is('pass'), operation, path }),
  { weight: 2, arbitrary: fc.record({ do: is('wait'), ms: fc.nat(4_000) }) },
)

/** Counts that show that scripts reach what they are about. */
const seen = { forwarded: 0, delivered: 0, replies: 0, ended: 0, refused: 0 }

class RouterStage implements Stage<Step> {
  readonly #bench = new RouterBench(peers.slice(0, 5))
  /** Operations of ours that have begun and not ended. */
  readonly #open = new Set<OperationId>()
  readonly #sent: { readonly to: PeerId; readonly operation: OperationId; readonly path: number }[] = []
  #wrong: string[] = []

  perform(step: Step): readonly RouterEffect[] {
    const effects = this.#do(step)
    for (const effect of effects) this.#look(effect)
    return effects
  }

  problems(): string[] {
    return [...this.#wrong, ...outOfBounds(this.#bench.router.tables(), peers.length)]
  }

  /** Whatever happened: half a minute later nothing of it is left, and no operation of ours waits. */
  end(): string[] {
    for (const effect of this.#bench.advance(60_000)) this.#look(effect)
    const { routes, routeBytes, operations, routeLinks } = this.#bench.router.tables()
    if (routes + routeBytes + operations + routeLinks > 0)
      this.#wrong.push(`${routes} ways, ${operations} operations stay`)
    if (this.#open.size > 0) this.#wrong.push(`${this.#open.size} operations have never ended`)
    return this.problems()
  }

  #do(step: Step): RouterEffect[] {
    const bench = this.#bench
    // Only linked peers are heard.
    if ('from' in step && !bench.links.has(id(step.from))) return []
    switch (step.do) {
      case 'link':
        bench.links.set(id(step.who), 100)
        return []
      case 'unlink':
        return bench.unlink(step.who)
      case 'hold':
        bench.held.add(id(step.target))
        return []
      case 'start':
        return this.#start(step)
      case 'stop':
        this.#open.delete(operationOf(step.operation))
        return bench.input({ type: 'stop', operation: operationOf(step.operation) })
      case 'route':
        return this.#route(step)
      case 'ack':
        return bench.ack(step.from, step.operation, step.path)
      case 'nack':
        return bench.nack(step.from, {
          operation: operationOf(step.operation),
          path: step.path,
          hopsLeft: step.hopsLeft,
          visited: step.visited.map(prefix),
        })
      case 'reply':
        return bench.reply(step.from, {
          operation: operationOf(step.operation),
          path: step.path,
          last: step.last,
          ...(step.rubbish && { inner: Uint8Array.of(0xff) }),
        })
      case 'hop':
        return this.#hop(step)
      case 'answer':
      case 'pass': {
        const route = { operation: operationOf(step.operation), path: step.path }
        if (step.do === 'pass') return bench.input({ type: 'pass', route })
        return bench.input({ type: 'answer', route, inner: ANSWER, last: step.last })
      }
      case 'wait':
        return bench.advance(step.ms)
    }
  }

  #hop({ says, back }: Step & { do: 'hop' }): RouterEffect[] {
    const sent = this.#sent.at(-1 - back)
    if (sent === undefined || !this.#bench.links.has(sent.to)) return []
    const { operation, path } = sent
    const from = sent.to.slice(0, 2)
    if (says === 'ack') return this.#bench.receive(from, { type: 'ROUTE_ACK', operation, path })
    if (says === 'nack') return this.#bench.nack(from, { operation, path })
    return this.#bench.reply(from, { operation, path, last: says === 'last' })
  }

  #start({ operation, mode, target, paths, via }: Step & { do: 'start' }): RouterEffect[] {
    const name = operationOf(operation)
    if (this.#open.has(name)) return []
    this.#open.add(name)
    return this.#bench.start(mode, target, { operation: name, paths, via: via.map(id) })
  }

  /** [RO-2] Every ROUTE is answered at once. */
  #route(step: Step & { do: 'route' }): RouterEffect[] {
    const { from, operation, path, mode, target, visited, via, ttl } = step
    const effects = this.#bench.receive(
      from,
      {
        type: 'ROUTE',
        operation: operationOf(operation),
        path,
        mode: ROUTE_MODES[mode],
        target: id(target),
        visited: visited.map(prefix),
        via: via.map(id),
        inner: encodeInner(QUESTION),
      },
      ttl,
    )
    const answers = only(effects, 'send').filter(
      ({ to, message }) =>
        to === id(from) &&
        (message.type === 'ROUTE_ACK' || message.type === 'ROUTE_NACK') &&
        message.operation === operationOf(operation) &&
        message.path === path,
    )
    if (answers.length === 0) this.#wrong.push('a ROUTE was not answered')
    if (answers[0]?.message.type === 'ROUTE_NACK') seen.refused += 1
    return effects
  }

  #look(effect: RouterEffect): void {
    if (effect.type === 'deliver') seen.delivered += 1
    else if (effect.type === 'send') this.#lookAtFrame(effect)
    else if (effect.type === 'reply') {
      seen.replies += 1
      if (!this.#open.has(effect.operation)) this.#wrong.push('a reply to what is over')
    } else if (effect.type === 'ended') {
      seen.ended += 1
      if (!this.#open.delete(effect.operation)) this.#wrong.push('an operation has ended twice')
    }
  }

  #lookAtFrame({ to, message, ttl }: RouterEffect & { type: 'send' }): void {
    if (!this.#bench.links.has(to)) this.#wrong.push(`sent to ${to.slice(0, 2)}, who is not linked`)
    if (message.type !== 'ROUTE') return
    seen.forwarded += 1
    this.#sent.push({ to, operation: message.operation, path: message.path })
    if ((ttl ?? 0) >= HOPS_MAX) this.#wrong.push(`a ROUTE with ${ttl} hops left`)
    if (message.visited.length > HOPS_MAX || message.visited.includes(to.slice(0, 8)))
      this.#wrong.push('a ROUTE went to one of its visited')
    if (to === SELF) this.#wrong.push('a ROUTE went to ourselves')
  }
}

/** The first 4 bytes of an id, as in `visited`. */
function prefix(digits: string): string {
  return id(digits).slice(0, 8)
}

test('[RO-2] [RO-3] [RO-4] [RO-18] no script leaves a ROUTE unanswered, an operation open, or a way behind', () => {
  checkScripts({ step, newStage: () => new RouterStage(), runs: 400, steps: 50 })
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50)
})

test('[RO-18] a name under which a way of others is here begins nothing, and leaves nothing behind', () => {
  replay<Step>(
    () => new RouterStage(),
    [
      {
        do: 'route',
        from: '08',
        operation: 1,
        path: 0,
        mode: 'closest',
        target: '00',
        visited: [],
        via: [],
        ttl: 0,
      },
      { do: 'start', operation: 1, mode: 'closest', target: '00', paths: 1, via: [] },
    ],
  )
})
