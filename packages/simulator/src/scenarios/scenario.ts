// What a scenario is: a claim, the options it understands, and what it does. Scenarios decide what happens to a network;
// whether that was right is for the checkers.

import type { Experiment } from './experiment.ts'

/** Numbers with units in their names; shares are 0 to 1. Distributions and series are for `--json`, people see numbers. */
export type Figures = Readonly<Record<string, number | Distribution | Series>>

/** Percentiles 0 to 100 in milliseconds, rounded to a tenth; empty where nothing was measured. */
export type Distribution = readonly number[]

/** Columns by name, all of one length; null is what was not measured. */
export type Series = Readonly<Record<string, readonly (number | null)[]>>

export interface ScenarioOption {
  readonly value: number
  /** For people: what it is, with its unit. */
  readonly meaning: string
}

export interface Scenario {
  readonly name: string
  /** What a run shows, in one sentence. */
  readonly claim: string
  /** Peers where nobody says otherwise. */
  readonly peers: number
  readonly options: Readonly<Record<string, ScenarioOption>>
  run(experiment: Experiment): Figures
}

/** Options that every scenario understands. */
export const COMMON_OPTIONS: Readonly<Record<string, ScenarioOption>> = Object.freeze({
  links: { value: 50, meaning: 'links a peer may have' },
  replicas: { value: 20, meaning: 'copies of a record' },
  loss: { value: 0, meaning: 'share of packets lost' },
  'loss-out': { value: 0, meaning: 'share of packets lost on the way out of some peers, besides' },
  'loss-in': { value: 0, meaning: 'share of packets lost on the way in to some peers, besides' },
  'lossy-peers': { value: 1, meaning: 'share of the peers that this befalls' },
  up: { value: 0, meaning: 'bytes per second that a peer can send; 0 means any' },
  down: { value: 0, meaning: 'bytes per second that a peer can receive; 0 means any' },
  connecting: {
    value: 0,
    meaning: 'milliseconds in which a page handles nothing else once it dials or accepts',
  },
  hidden: {
    value: 0,
    meaning: 'share of the peers whose page is in the background: their timers are late by up to a second',
  },
  skew: { value: 0, meaning: 'milliseconds by which a clock may be wrong, either way' },
  drift: { value: 0, meaning: 'millionths by which a clock may be fast or slow' },
  'join-every': { value: 50, meaning: 'milliseconds between two peers that start' },
  settle: { value: 20, meaning: 'seconds between the last join and the load' },
})
