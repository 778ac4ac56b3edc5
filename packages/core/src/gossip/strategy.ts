// Which strategy spreads a topic's messages, and with which numbers. Each member chooses for itself; nothing of it is on the
// wire.

import {
  EPIDEMIC_FANOUT,
  EPIDEMIC_PROBABILITY,
  EPIDEMIC_TTL,
  GOSSIP_HOPS_MAX,
  LINKS_MAX,
  PULL_EVERY_MS,
  PULL_EVERY_MS_MAX,
  PULL_EVERY_MS_MIN,
} from '../limits.ts'

/**
 * `push`: whoever gets a message first sends it on at once, so that some may miss it. `pull`: members compare the ids of
 * recent messages now and then, so that all get them, late. `push-pull`: both.
 */
export type EpidemicMode = 'push' | 'pull' | 'push-pull'
const MODES: readonly EpidemicMode[] = ['push', 'pull', 'push-pull']

/** A tree per author, mended by ids to all other links: few copies, short delays. The default. */
export interface TreeStrategy {
  readonly strategy: 'tree'
}

/** The textbook protocol: simple, robust, wasteful (Demers et al., PODC 1987). */
export interface EpidemicStrategy {
  readonly strategy: 'epidemic'
  readonly mode: EpidemicMode
  /** Links chosen by chance to which a message is pushed: a whole number from 1 to LINKS_MAX. */
  readonly fanout: number
  /** Links a message has travelled when it is pushed no further: a whole number from 1 to GOSSIP_HOPS_MAX. Pulling knows none. */
  readonly ttl: number
  /** Probability from 0 to 1 with which each chosen link gets a message of others; our own go to all chosen ones. */
  readonly probability: number
  /** Milliseconds between two pulls, on average: a whole number from PULL_EVERY_MS_MIN to PULL_EVERY_MS_MAX. */
  readonly pullEveryMs: number
}

export type GossipStrategy = TreeStrategy | EpidemicStrategy
/** A strategy as it is asked for: what is not said is as in EPIDEMIC_DEFAULTS. */
export type GossipStrategyOptions =
  | TreeStrategy
  | (Pick<EpidemicStrategy, 'strategy'> & Partial<EpidemicStrategy>)

export const TREE: TreeStrategy = Object.freeze({ strategy: 'tree' })
export const EPIDEMIC_DEFAULTS: EpidemicStrategy = Object.freeze({
  strategy: 'epidemic',
  mode: 'push-pull',
  fanout: EPIDEMIC_FANOUT,
  ttl: EPIDEMIC_TTL,
  probability: EPIDEMIC_PROBABILITY,
  pullEveryMs: PULL_EVERY_MS,
})

/** Checks, and fills in what is not said. Throws a RangeError that names the field, what is allowed and what was given. */
export function resolveStrategy(given: GossipStrategyOptions): GossipStrategy {
  if (given.strategy === 'tree') return TREE
  const options = { ...EPIDEMIC_DEFAULTS, ...given }
  const { strategy, mode, fanout, ttl, probability, pullEveryMs } = options
  check('strategy', strategy, strategy === 'epidemic', 'tree or epidemic')
  check('mode', mode, MODES.includes(mode), MODES.join(', '))
  checkWhole('fanout', fanout, 1, LINKS_MAX)
  checkWhole('ttl', ttl, 1, GOSSIP_HOPS_MAX)
  const isShare = Number.isFinite(probability) && probability >= 0 && probability <= 1
  check('probability', probability, isShare, 'a number from 0 to 1')
  checkWhole('pullEveryMs', pullEveryMs, PULL_EVERY_MS_MIN, PULL_EVERY_MS_MAX)
  return Object.freeze(options)
}

/** Whether a topic need not change for this strategy. */
export function isSameStrategy(a: GossipStrategy, b: GossipStrategy): boolean {
  return (Object.keys(EPIDEMIC_DEFAULTS) as (keyof GossipStrategy)[]).every((field) => a[field] === b[field])
}

function checkWhole(field: string, value: number, min: number, max: number): void {
  const isAllowed = Number.isInteger(value) && value >= min && value <= max
  check(field, value, isAllowed, `a whole number from ${min} to ${max}`)
}

function check(field: string, value: unknown, isAllowed: boolean, allowed: string): void {
  if (!isAllowed) throw new RangeError(`${field} must be ${allowed}, got ${String(value)}`)
}
