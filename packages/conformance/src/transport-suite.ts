// What every transport must do, in memory, between processes and between browsers. A transport of your own passes when
// each case of `transportSuite` resolves. Cases wait for events, never for time alone.

import type { Transport } from '@hyphae/runtime'
import type { ConformanceCase } from './suite.ts'
import { closingCases, crashCases } from './transport-cases-closing.ts'
import { openingCases } from './transport-cases-opening.ts'
import { sendingCases } from './transport-cases-sending.ts'
import { signalCases } from './transport-cases-signals.ts'
import { watchingCases } from './transport-cases-watching.ts'
import { TransportEnd } from './transport-end.ts'

export interface TransportTrial {
  /** Milliseconds after which an attempt fails. */
  readonly connectMsMax?: number
}

/** Where the transports of one case meet. */
export interface TransportPlace {
  /** A new transport where the case runs. */
  near(trial?: TransportTrial): Promise<Transport>
  /** A new transport that may be elsewhere: in another process, in another browser. */
  far(trial?: TransportTrial): Promise<Transport>
  /** Ends all far transports as a crash does, without a word to anybody. */
  crashFar?(): Promise<void>
  /** Ends everything. */
  close(): Promise<void>
}

export interface TransportSuiteOptions {
  /** Whether places can `crashFar`; without, the cases about crashes are not in the suite. */
  readonly canCrash: boolean
}

/** A place as cases see it. */
export interface TransportTable {
  near(trial?: TransportTrial): Promise<TransportEnd>
  far(trial?: TransportTrial): Promise<TransportEnd>
  crashFar(): Promise<void>
}

export interface TransportCase {
  readonly title: string
  run(table: TransportTable): Promise<void>
}

/** The cases; each opens a place of its own and closes it again. */
export function transportSuite(
  openPlace: () => Promise<TransportPlace>,
  { canCrash }: TransportSuiteOptions,
): readonly ConformanceCase[] {
  const always = [...openingCases, ...signalCases, ...sendingCases, ...watchingCases, ...closingCases]
  const cases = canCrash ? [...always, ...crashCases] : always
  return cases.map((one) => ({ title: one.title, run: () => runIn(openPlace, one) }))
}

async function runIn(openPlace: () => Promise<TransportPlace>, one: TransportCase): Promise<void> {
  const place = await openPlace()
  const ends: TransportEnd[] = []
  const note = (transport: Transport) => {
    const end = new TransportEnd(transport)
    ends.push(end)
    return end
  }
  try {
    await one.run({
      near: async (trial) => note(await place.near(trial)),
      far: async (trial) => note(await place.far(trial)),
      crashFar: () => place.crashFar?.() ?? Promise.reject(new TypeError('this place cannot crash')),
    })
    for (const end of ends) end.checkManners()
  } finally {
    await place.close()
  }
}
