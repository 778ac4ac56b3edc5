// Routers with a Finder each: routed messages for peers go to their finders, and finders' questions through the routers.

import { Finder, type FinderCall, type FinderEffect, type FinderInput } from '../../src/dht/finder.ts'
import { REPLICAS } from '../../src/limits.ts'
import { type NetworkOptions, RouteNetwork, type EffectOf as RouterEffectOf } from './route-network.ts'
import type { RouteNode } from './route-node.ts'
import { isSigned, sign } from './stand-in-signatures.ts'

/** Milliseconds a signature takes to make or to check. */
const SIGNATURE_MS = 1

type Result = Extract<FinderEffect, { type: 'found' | 'probed' | 'progress' | 'done' | 'failed' }>

export class FinderNetwork extends RouteNetwork {
  readonly results: Result[] = []
  readonly #finderByNode = new Map<RouteNode, Finder>()
  #op = 0

  constructor(options: NetworkOptions) {
    super(options)
    for (const node of this.nodes) this.equip(node)
  }

  /** Gives a node its finder. */
  equip(node: RouteNode): void {
    const holds = {
      replicas: REPLICAS,
      holds: (key: Parameters<typeof node.held.has>[0]) => node.held.has(key),
      isNear: () => false,
    }
    this.#finderByNode.set(node, new Finder({ workBits: 0 }, node, holds, this.random))
  }

  /** Runs one command to its end; answers with everything that came of it. */
  ask(node: RouteNode, input: FinderInput): Result[] {
    this.results.length = 0
    this.find(node, input)
    this.run()
    return [...this.results]
  }

  call(node: RouteNode, call: FinderCall): Result[] {
    return this.ask(node, { type: 'call', op: ++this.#op, call })
  }

  find(node: RouteNode, input: FinderInput): void {
    const out: FinderEffect[] = []
    this.#finderByNode.get(node)?.handle(input, this.now, out)
    for (const effect of out) this.#onFinderEffect(node, effect)
  }

  tablesOf(node: RouteNode): Readonly<Record<string, number>> {
    return this.#finderByNode.get(node)?.tables() ?? {}
  }

  override onDeliver(node: RouteNode, effect: RouterEffectOf<'deliver'>): void {
    this.find(node, effect)
  }

  override onReply(node: RouteNode, effect: RouterEffectOf<'reply'>): void {
    this.find(node, effect)
  }

  override onEnded(node: RouteNode, effect: RouterEffectOf<'ended'>): void {
    this.find(node, effect)
  }

  #onFinderEffect(node: RouteNode, effect: FinderEffect): void {
    switch (effect.type) {
      case 'route':
        return this.input(node, { ...effect, type: 'start' })
      case 'stop-route':
        return this.input(node, { type: 'stop', operation: effect.operation })
      case 'answer':
      case 'pass':
        return this.input(node, effect)
      case 'set-timer':
        return this.after(effect.afterMs, () => this.find(node, { type: 'timer', timer: effect.timer }))
      case 'sign': {
        const signature = sign(node.self.signingKey, effect.bytes)
        return this.after(SIGNATURE_MS, () =>
          this.find(node, { type: 'signed', token: effect.token, signature }),
        )
      }
      case 'verify': {
        const valid = isSigned(effect.key, effect.bytes, effect.signature)
        return this.after(SIGNATURE_MS, () =>
          this.find(node, { type: 'verified', token: effect.token, valid }),
        )
      }
      case 'probe-dropped':
        throw new Error('a probe was dropped')
      default:
        this.results.push(effect)
    }
  }
}
