// Every scenario that has faults, small: it must do its work, keep its claim, and find what is broken on purpose.

import type { Contact, Effect, GetResult, Input, Millis } from '@hyphae/core'
import { brokenInPeer, networkIdOf, Peer } from '@hyphae/core'
import { describe, expect, test } from 'vitest'
import { type DrivenPeer, run, SCENARIOS, type SeededRandom } from '../src/index.ts'

const QUICK = { 'join-every': 20, settle: 6 }
const FEW = { ...QUICK, keys: 10, gets: 30 }

describe('what holds', () => {
  test.each([
    ['churn', 20, { ...FEW, 'median-minutes': 1.4, minutes: 1 }],
    ['churn', 20, { ...FEW, 'median-minutes': 10, minutes: 0.5, distribution: 1, polite: 1, restart: 1 }],
    ['partition', 20, { ...FEW, links: 12 }],
    ['partition', 20, { ...FEW, links: 12, 'one-way': 1, share: 0.3 }],
    // So few that all stay with the introducer: nobody was told of the other half, and they were apart for ever.
    ['partition', 12, { ...FEW, links: 12 }],
    ['flash-crowd', 40, { ...FEW, before: 8 }],
    ['mass-failure', 40, { ...FEW }],
    ['lossy', 30, { ...FEW, 'loss-out': 0.2, 'lossy-peers': 0.3, messages: 10 }],
    ['gossip', 30, { ...QUICK, skew: 5_000, drift: 200, up: 250_000, down: 1e6, sources: 3, messages: 10 }],
    ['lookup', 30, { ...QUICK, lookups: 20 }],
  ] as const)('%s, %i peers, %o', (scenario, peers, numbers) => {
    const { violations, figures } = run({ scenario, peers, seed: 1, numbers })
    expect(violations).toEqual([])
    for (const name of ['getSuccess', 'deliveredShare', 'lookupSuccess'])
      if (name in figures) expect(figures).toHaveProperty(name, 1)
  })

  test.each([1, 2, 3])(
    '[SI2] [RO-11] pages busy with connecting are slow, and nobody waits in vain: seed %i',
    (seed) => {
      const numbers = { connecting: 60, 'join-every': 5 }
      const { violations, figures } = run({ scenario: 'join', peers: 30, seed, numbers })
      expect(violations).toEqual([])
      expect(figures).toMatchObject({ attemptsTimedOut: 0, linksMean: 29 })
      for (const name of ['sizeEstimateP5Ratio', 'sizeEstimateP95Ratio'])
        expect(Math.abs(Math.log(figures[name]!))).toBeLessThan(Math.log(1.5))
    },
  )

  test.each([
    [8, 1, {}],
    [8, 2, {}],
    [4, 3, {}],
    [20, 100, { links: 5, whims: 150 }],
    // An update stayed with the two that had it: the closest peer, which had the old version, got it from a repair.
    [6, 2_107, {}],
    [6, 2_204, {}],
  ] as const)('whatever befalls %i tabs, all is well once it is over: seed %i', (peers, seed, numbers) => {
    const { violations, figures } = run({ scenario: 'whims', peers, seed, numbers })
    expect(violations).toEqual([])
    expect(figures).toMatchObject({ getSuccess: 1, deliveredShare: 1 })
  })

  test('one peer alone is a network', () => {
    const { violations, figures } = run({ scenario: 'join', peers: 1, seed: 1 })
    expect(violations).toEqual([])
    expect(figures['sizeEstimateMeanRatio']).toBe(1)
  })

  test('a mass failure tells of the first seconds and of later ones apart', () => {
    const { figures } = run({ scenario: 'mass-failure', peers: 30, seed: 2, numbers: { ...FEW, kill: 0.8 } })
    expect(figures).toMatchObject({ oneNetwork: 1, atOnceGets: 30, gets: 30 })
    for (const name of ['atOnceGetSuccess', 'atOnceDeliveredShare', 'within10sDeliveredShare', 'lostKeys'])
      expect(figures[name]).toBeGreaterThanOrEqual(0)
  })

  test.each([1, 2, 3, 4, 5, 6])(
    '[GS17] where members come one after another, first messages reach the late ones soon: seed %i',
    (seed) => {
      const first = { warmup: 0, sources: 40, messages: 40, every: 50, 'subscribe-every': 50, newcomers: 2 }
      // 36 links are brought about, so that a few of the 41 others are not among them.
      const numbers = { ...QUICK, ...first, bytes: 2_000, links: 45 }
      const { violations, figures } = run({ scenario: 'gossip', peers: 42, seed, numbers })
      expect(violations).toEqual([])
      expect(figures).toMatchObject({ deliveredShare: 1, newcomerDeliveries: 2 * 40 })
      expect(figures['gossipP99Ms']).toBeLessThan(300)
      expect(figures['newcomerGossipP50Ms']).toBeLessThan(300)
      expect(figures['newcomerGossipP99Ms']).toBeLessThan(400)
    },
  )

  test('[GS13] a calm topic costs few announcements, and those who live miss nothing when half die amidst it', () => {
    const numbers = { ...QUICK, messages: 120, every: 25, sources: 3, kill: 0.5 }
    const { violations, figures } = run({ scenario: 'gossip', peers: 40, seed: 1, numbers })
    expect(violations).toEqual([])
    expect(figures).toMatchObject({
      deliveredShare: 1,
      amidDeliveredShare: 1,
      amidWithin10000MsDeliveredShare: 1,
    })
    expect(figures['idFramesPerDelivery']).toBeLessThan(4)
    expect(figures['amidDeliveries']).toBeGreaterThan(120 * 15)
  })

  test('the same seed gives the same run, adversaries and clocks included', () => {
    const numbers = { ...FEW, skew: 1_000, lookups: 5, messages: 5, behaviour: 2, asleep: 1 }
    const request = { scenario: 'adversary', peers: 20, seed: 3, numbers }
    expect(run(request).traceHash).toBe(run(request).traceHash)
  })
})

describe('adversaries', () => {
  test.each([0, 1, 2])('behaviour %i: nobody believes what they forge', (behaviour) => {
    const numbers = { ...FEW, links: 10, behaviour, asleep: 1, messages: 10, lookups: 5 }
    const { violations, figures } = run({ scenario: 'adversary', peers: 30, seed: 1, numbers })
    expect(violations).toEqual([])
    expect(figures['misdeeds']).toBeGreaterThan(0)
  })

  test.each([
    [8, 17, {}],
    [10, 10, {}],
    [13, 8, { links: 8 }],
  ] as const)('whatever two liars say to %i tabs, the honest get along: seed %i', (peers, seed, options) => {
    const { violations, figures } = run({
      scenario: 'liars',
      peers,
      seed,
      numbers: { whims: 20, ...options },
    })
    expect(violations).toEqual([])
    expect(figures).toMatchObject({ getSuccess: 1, deliveredShare: 1 })
    expect(figures['offences']).toBeGreaterThan(0)
  })

  test('sybils are closer to their key than anybody else, and are asked for it', () => {
    const numbers = { ...FEW, keys: 5, minutes: 0.25, sybils: 25 }
    const { violations, figures } = run({ scenario: 'sybil', peers: 30, seed: 1, numbers })
    expect(violations).toEqual([])
    expect(figures['sybilHolders']).toBeGreaterThan(15)
    expect(figures['honestHoldersBefore']).toBeGreaterThan(15)
  })
})

describe('what is broken on purpose is found', () => {
  test('gossip that hands on nothing', () => {
    const scenarios = ['mass-failure', 'lossy', 'whims']
    for (const scenario of scenarios) {
      const { violations } = run({
        scenario,
        peers: 12,
        seed: 1,
        numbers: scenario === 'whims' ? { whims: 10, links: 50 } : { ...FEW, messages: 2 },
        createPeer: without('message'),
      })
      expect(violations.join()).toMatch(/did not reach/)
    }
  })

  test('a peer that blames an honest one', () => {
    const { violations } = run({
      scenario: 'liars',
      peers: 4,
      seed: 1,
      numbers: { whims: 1, liars: 0 },
      createPeer: blaming(),
    })
    expect(violations.join()).toMatch(/peer 1 blames peer 0, which is honest, for flood/)
  })

  test('a peer that answers no request', () => {
    const { violations } = run({
      scenario: 'whims',
      peers: 4,
      seed: 1,
      numbers: { whims: 2 },
      createPeer: without('request'),
    })
    expect(violations.join()).toMatch(/request failed in peace: TIMEOUT/)
  })

  test.each([
    ['puts that return with the first proof', 'put', whoseResult({ stored: 1 }), /was put with 1 proofs/],
    ['lookups that name nobody', 'lookup', whoseResult({ closest: [] }), /6 lookups did not name all/],
    ['peers that prove what they do not keep', 'put', forgetting(), /0 of its 20 closest hold it/],
  ] as const)('%s', (_, scenario, createPeer, complaint) => {
    const numbers = { ...QUICK, ...(scenario === 'put' ? { keys: 6 } : { lookups: 6 }) }
    const { violations } = run({ scenario, peers: 25, seed: 1, numbers, createPeer })
    expect(violations.join()).toMatch(complaint)
  })

  test('records that go with the few peers that held them', () => {
    const going = { replicas: 1, 'median-minutes': 0.2, minutes: 1, polite: 0, restart: 0 }
    const { violations } = run({ scenario: 'churn', peers: 20, seed: 1, numbers: { ...FEW, ...going } })
    expect(violations.join()).toMatch(/record [0-9a-f]{64} is lost/)
  })

  test('newcomers of a crowd that find nothing', () => {
    const { violations } = run({
      scenario: 'flash-crowd',
      peers: 20,
      seed: 1,
      numbers: { ...FEW, before: 8 },
      createPeer: findingNothing(),
    })
    expect(violations.join()).toMatch(/gets failed amid the crowd: NOT_FOUND/)
  })

  test('values that are not found where packets are lost', () => {
    const { violations } = run({
      scenario: 'lossy',
      peers: 20,
      seed: 1,
      numbers: { ...FEW, messages: 2 },
      createPeer: findingNothing(),
    })
    expect(violations.join()).toMatch(/gets failed: NOT_FOUND/)
  })

  test('newcomers one after another that find nothing', () => {
    const { violations } = run({
      scenario: 'join',
      peers: 12,
      seed: 1,
      numbers: QUICK,
      createPeer: findingNothing(),
    })
    expect(violations.join()).toMatch(/first gets failed: NOT_FOUND/)
  })

  test('links that are made while nothing should happen', () => {
    const numbers = { settle: 0, calm: 0, minutes: 1 }
    const { violations } = run({ scenario: 'idle', peers: 20, seed: 1, numbers })
    expect(violations.join()).toMatch(/changed in an idle network: \d+ made, 0 ended/)
  })

  test('a peer that never says that it has joined', () => {
    const { violations } = run({
      scenario: 'flash-crowd',
      peers: 10,
      seed: 1,
      numbers: { ...FEW, before: 4 },
      createPeer: without('status'),
    })
    expect(violations.join()).toMatch(/have not joined/)
  })
})

test('every scenario runs with five peers and says what it measured', () => {
  for (const { name, options } of SCENARIOS) {
    const small = { keys: 4, gets: 4, lookups: 4, messages: 4, minutes: 0.5, calm: 0.1, sybils: 3, whims: 10 }
    const numbers = Object.fromEntries(Object.entries(small).filter(([option]) => option in options))
    const { figures } = run({ scenario: name, peers: 5, seed: 1, numbers: { ...QUICK, ...numbers } })
    expect(figures['linksMax'], name).toBeGreaterThan(0)
  }
})

/** Core's peers, all of which blame the first one when they start. */
function blaming(): CreatePeer {
  let first: Contact['id'] | null = null
  return (contact, random) => {
    first ??= contact.id
    const event = { type: 'offence', peer: first, offence: 'flood' } as const
    return changed(contact, random, (effects, input) =>
      input.type === 'start' ? [...effects, { type: 'event', event }] : effects,
    )
  }
}

/** Core's peer, whose events of one type nobody hears. */
function without(type: string): CreatePeer {
  return (contact, random) =>
    changed(contact, random, (effects) =>
      effects.filter((effect) => effect.type !== 'event' || effect.event.type !== type),
    )
}

/** Core's peer, whose calls end with something else where they have such a result. */
function whoseResult(other: Readonly<Record<string, unknown>>): CreatePeer {
  const [field = ''] = Object.keys(other)
  return (contact, random) =>
    changed(contact, random, (effects) =>
      effects.map((effect) =>
        effect.type === 'done' && typeof effect.value === 'object' && field in (effect.value ?? {})
          ? { ...effect, value: { ...effect.value, ...other } }
          : effect,
      ),
    )
}

/** Core's peer, on whose disk nothing stays. */
function forgetting(): CreatePeer {
  return (contact, random) =>
    changed(contact, random, (effects) =>
      effects.map((effect) => (effect.type === 'store' ? { type: 'forget', key: effect.key } : effect)),
    )
}

/** Core's peer, whose gets fail unless it holds the record itself. */
function findingNothing(): CreatePeer {
  return (contact, random) =>
    changed(contact, random, (effects) =>
      effects.map((effect) =>
        effect.type === 'done' && (effect.value as Partial<GetResult> | null)?.hops
          ? { type: 'failed', op: effect.op, code: 'NOT_FOUND', message: '' }
          : effect,
      ),
    )
}

type CreatePeer = (contact: Contact, random: SeededRandom) => DrivenPeer

/** Core's peer, of whose effects others are made. */
function changed(
  contact: Contact,
  random: SeededRandom,
  change: (effects: Effect[], input: Input) => Effect[],
): DrivenPeer {
  const peer = new Peer({ contact, networkId: networkIdOf('simulated', 0), workBits: 0 }, random)
  return {
    handle(input: Input, now: Millis, out: Effect[]) {
      const effects: Effect[] = []
      peer.handle(input, now, effects)
      out.push(...change(effects, input))
    },
    snapshot: (now) => peer.snapshot(now),
    tables: () => peer.tables(),
    check: () => brokenInPeer(peer.machines),
  }
}
