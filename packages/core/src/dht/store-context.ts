// What the parts of the store share. Each part has its own tables; these belong to all of them.

import type { Millis } from '../contract.ts'
import type { RoutingView } from '../machine.ts'
import type { Copies } from '../replication/copies.ts'
import type { Neighbourhood } from '../replication/neighbourhood.ts'
import type { RecordIndex } from './record-index.ts'
import type { StoreEffect, StoreOptions } from './store.ts'
import type { StoreJobs } from './store-jobs.ts'
import type { StoreRoutes } from './store-routes.ts'

export interface StoreContext extends StoreOptions {
  readonly routing: RoutingView
  readonly index: RecordIndex
  readonly jobs: StoreJobs
  readonly routes: StoreRoutes
  readonly copies: Copies
  readonly neighbourhood: Neighbourhood
}

/** The moment of one input and where its effects go. */
export interface Turn {
  readonly now: Millis
  readonly out: StoreEffect[]
}

/** What follows a job or an answer. It runs at most once, and never after its table was swept. */
export type Follow<Result> = (result: Result, turn: Turn) => void
