// How long peers stay, and when they come. Times are whole milliseconds.

import type { SeededRandom } from './random.ts'

/** Draws the length of one session. */
export type SessionTimes = (random: SeededRandom) => number

/**
 * Sessions without memory, as in the churn experiments on Bamboo (Rhea, Geels, Roscoe, Kubiatowicz, USENIX 2004), whose
 * medians go down to 1.4 minutes.
 */
export function exponentialTimes(medianMs: number): SessionTimes {
  return weibullTimes(medianMs, 1)
}

/**
 * Shape below 1: many leave at once, and who has stayed goes on staying. Measured sessions of file sharing fit shapes
 * between 0.3 and 0.6 (Stutzbach and Rejaie, IMC 2006; recalled).
 */
export function weibullTimes(medianMs: number, shape: number): SessionTimes {
  requirePositive({ medianMs, shape })
  const scale = medianMs / Math.LN2 ** (1 / shape)
  return (random) => Math.round(scale * (-Math.log(1 - random.share())) ** (1 / shape))
}

/** `sigma`: standard deviation of the logarithm. */
export function lognormalTimes(medianMs: number, sigma: number): SessionTimes {
  requirePositive({ medianMs, sigma })
  return (random) => Math.round(medianMs * Math.exp(sigma * normal(random)))
}

/** Of the option `distribution`: 0 exponential, 1 Weibull with shape 0.5, 2 lognormal with sigma 1.5. Throws a RangeError. */
export function sessionTimes(distribution: number, medianMs: number): SessionTimes {
  if (distribution === 0) return exponentialTimes(medianMs)
  if (distribution === 1) return weibullTimes(medianMs, 0.5)
  if (distribution === 2) return lognormalTimes(medianMs, 1.5)
  throw new RangeError(`distribution is 0, 1 or 2; got ${distribution}`)
}

/** Milliseconds from now at which so many peers start, in order. */
export type JoinRamp = (count: number) => number[]

/** One every so many milliseconds. */
export function evenRamp(everyMs: number): JoinRamp {
  return (count) => Array.from({ length: count }, (_, index) => Math.round(index * everyMs))
}

/** Independent of one another, all within this time: a link that is passed around. */
export function crowdRamp(withinMs: number, random: SeededRandom): JoinRamp {
  return (count) =>
    Array.from({ length: count }, () => random.below(Math.max(1, withinMs))).sort((a, b) => a - b)
}

/** Box and Muller, 1958: one of the two. */
function normal(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.share()))
  return radius * Math.cos(2 * Math.PI * random.share())
}

function requirePositive(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers))
    if (!(value > 0)) throw new RangeError(`${name} is more than 0; got ${value}`)
}
