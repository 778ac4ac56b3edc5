import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttemptId } from '../../src/contract.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import type { DialerEffect } from '../../src/link/dialer-contract.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { outOfBounds } from '../../src/peer/table-bounds.ts'
import { BY_OVERLAY, BY_SERVER, DialerBench, SERVER } from '../link/dialer-bench.ts'
import { attemptNumber, contactNumber } from '../link/stand-ins.ts'
import { checkScripts, type Stage } from './script.ts'

const LINKS_MAX = 4
const contacts = Array.from({ length: 8 }, (_, number) => contactNumber(10 + number))

type Step =
  | { readonly do: 'want'; readonly who: number; readonly reasons: number }
  | { readonly do: 'introducer'; readonly up: boolean }
  | { readonly do: 'mesh'; readonly open: boolean }
  | {
      readonly do: 'signal'
      readonly who: number
      readonly attempt: number
      readonly kind: 'offer' | 'answer' | 'more' | 'refused'
      readonly leaf: boolean
      readonly overlay: boolean
    }
  /** Something of one of the attempts of which it can be said. */
  | { readonly do: 'local-signal' | 'open' | 'fail' | 'prove' | 'refuse' | 'close'; readonly which: number }
  | { readonly do: 'unreachable'; readonly which: number }
  | { readonly do: 'undeliverable'; readonly who: number }
  | { readonly do: 'work' | 'drop' | 'invite' | 'online' }
  | { readonly do: 'wait'; readonly ms: number }

const is = <T extends string>(name: T) => fc.constant(name)
const who = fc.nat(contacts.length - 1)
const which = fc.nat(12)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: is('want'), who, reasons: fc.constantFrom(0, 1, 2, 4) }) },
  fc.record({ do: is('introducer'), up: fc.boolean() }),
  fc.record({ do: is('mesh'), open: fc.boolean() }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: is('signal'),
      who,
      attempt: fc.nat(15),
      kind: fc.constantFrom(
        'offer' as const,
        'offer' as const,
        'answer' as const,
        'more' as const,
        'refused' as const,
      ),
      leaf: fc.boolean(),
      overlay: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'local-signal' as const,
        'open' as const,
        'fail' as const,
        'prove' as const,
        'refuse' as const,
        'close' as const,
      ),
      which,
    }),
  },
  fc.record({ do: is('unreachable'), which }),
  fc.record({ do: is('undeliverable'), who }),
  fc.record({ do: fc.constantFrom('work' as const, 'drop' as const, 'invite' as const, 'online' as const) }),
  { weight: 2, arbitrary: fc.record({ do: is('wait'), ms: fc.nat(15_000) }) },
)

/** What an attempt must be for this to be said of it. */
const STATE_BEFORE = {
  'local-signal': 'trying',
  open: 'trying',
  fail: 'trying',
  prove: 'open',
  refuse: 'open',
  close: 'link',
} as const

/** Counts that show that scripts reach what they are about. */
const seen = { dialed: 0, accepted: 0, made: 0, failed: 0 }

/** A dialer between a driver, whose attempts open or fail as the script has it, and a link set that keeps to its rules. */
class DialerStage implements Stage<Step> {
  readonly #bench = new DialerBench({ linksMax: LINKS_MAX })
  /** Every attempt that the driver was ever asked for, with its contact; null for an invite. */
  readonly #attempts: {
    readonly id: AttemptId
    readonly peer: PeerId | null
    state: 'trying' | 'open' | 'link' | 'over'
  }[] = []
  #ops = 0
  #wrong: string[] = []

  perform(step: Step): readonly DialerEffect[] {
    const before = this.#bench.effects.length
    this.#do(step)
    // What it says may close links, which may make it say more.
    for (let i = before; i < this.#bench.effects.length; i++)
      this.#take(this.#bench.effects[i] as DialerEffect)
    return this.#bench.effects.slice(before)
  }

  problems(): string[] {
    const { dialer, size } = this.#bench
    const taken = size + dialer.dialing
    return [
      ...this.#wrong,
      ...outOfBounds(dialer.tables(), LINKS_MAX),
      ...(taken > LINKS_MAX ? [`takes ${taken} places of ${LINKS_MAX}`] : []),
    ]
  }

  /** Nothing that the driver tries is forgotten: what has not opened in time is given up. */
  end(): string[] {
    this.perform({ do: 'wait', ms: 16 * 60_000 })
    this.perform({ do: 'work' })
    const trying = this.#attempts.filter(({ state }) => state === 'trying').length
    const open = this.#attempts.filter(({ state }) => state === 'open').length
    const { attempts } = this.#bench.dialer.tables()
    if (trying > 0 || attempts !== open)
      this.#wrong.push(`${attempts} attempts, ${trying} tried and ${open} open`)
    return this.problems()
  }

  #do(step: Step): void {
    const bench = this.#bench
    switch (step.do) {
      case 'want':
        // Routing wants no more than there may be.
        if (bench.dialer.tables()['wants'] === LINKS_MAX && step.reasons !== 0) return
        return void bench.want(contactOf(step.who), step.reasons)
      case 'introducer':
        return void bench.give({
          type: step.up ? 'introducer-up' : 'introducer-down',
          introducer: SERVER,
          path: 'server',
        })
      case 'mesh':
        bench.openCount = step.open ? 1 : 0
        return
      case 'signal': {
        const way = step.overlay ? BY_OVERLAY : BY_SERVER
        const reasons = step.leaf ? LINK_REASONS.leaf : LINK_REASONS.random
        if (step.leaf) bench.near.add(contactOf(step.who).id)
        const attempt = this.#attempts[step.attempt]?.id ?? attemptNumber(step.attempt)
        bench.signal(contactOf(step.who), { kind: step.kind, attempt, reasons }, way)
        return
      }
      case 'undeliverable':
        return void bench.give({ type: 'undeliverable', via: SERVER, to: contactOf(step.who).id })
      case 'unreachable': {
        const signal = bench.of('route-signal')[step.which]
        if (signal !== undefined) bench.give({ type: 'route-ended', operation: signal.operation })
        return
      }
      case 'work':
        return void bench.work()
      case 'drop': {
        const job = bench.jobs.findIndex(({ type }) => type === 'open')
        if (job >= 0) bench.give({ type: 'box-dropped', token: bench.jobs.splice(job, 1)[0]!.token })
        return
      }
      case 'invite':
        return void bench.give({ type: 'invite-create', op: ++this.#ops })
      case 'online':
        return void bench.give({ type: 'online' })
      case 'wait':
        return bench.advance(step.ms)
      default:
        return this.#drive(step.do, step.which)
    }
  }

  /** What driver and link set say of an attempt. */
  #drive(what: 'local-signal' | 'open' | 'fail' | 'prove' | 'refuse' | 'close', which: number): void {
    const bench = this.#bench
    const fitting = this.#attempts.filter(({ state }) => state === STATE_BEFORE[what])
    const attempt = fitting[which % fitting.length]
    if (attempt === undefined) return
    const { id, peer } = attempt
    if (what === 'local-signal') bench.give({ type: 'local-signal', attempt: id, bytes: Uint8Array.of(1) })
    else if (what === 'fail') {
      attempt.state = 'over'
      seen.failed += 1
      bench.give({ type: 'link-failed', attempt: id, stage: 'ice', detail: '' })
    } else if (what === 'open') {
      bench.give({ type: 'opened', attempt: id })
      if (bench.dialer.expected(id) === null) return
      attempt.state = 'open'
      bench.size += 1
      bench.taken.add(id)
    } else if (what === 'refuse') {
      this.#release(attempt)
      bench.give({ type: 'handshake-failed', attempt: id, code: 'busy' })
    } else if (what === 'prove' && peer !== null && !bench.up.has(peer)) {
      attempt.state = 'link'
      seen.made += 1
      bench.up.add(peer)
      bench.leastWanted ??= peer
      bench.give({ type: 'proved', attempt: id })
      bench.give({ type: 'link-up', peer })
    } else if (what === 'close' && peer !== null) this.#unlink(peer)
  }

  #unlink(peer: PeerId): void {
    const attempt = this.#attempts.find((one) => one.peer === peer && one.state === 'link')
    if (attempt === undefined) return
    this.#bench.up.delete(peer)
    this.#release(attempt)
    this.#bench.leastWanted = [...this.#bench.up][0] ?? null
    this.#bench.give({ type: 'link-down', peer })
  }

  #release(attempt: { readonly id: AttemptId; state: string }): void {
    attempt.state = 'over'
    this.#bench.size -= 1
    this.#bench.taken.delete(attempt.id)
  }

  #take(effect: DialerEffect): void {
    if (effect.type === 'make-room') return this.#unlink(effect.peer)
    if (effect.type !== 'driver') return
    const asked = effect.effect
    if (asked.type === 'dial' || asked.type === 'accept') {
      const peer = asked.contact?.id ?? null
      if (asked.type === 'dial') seen.dialed += 1
      else seen.accepted += 1
      if (this.#attempts.some(({ id, state }) => id === asked.attempt && state !== 'over'))
        this.#wrong.push('an attempt was begun under a name that is taken')
      if (asked.type === 'dial' && peer !== null && this.#bench.up.has(peer))
        this.#wrong.push('somebody linked was dialed')
      this.#attempts.push({ id: asked.attempt, peer, state: 'trying' })
    } else if (asked.type === 'abandon') {
      // To give up what has failed means nothing to a driver.
      for (const attempt of this.#attempts)
        if (attempt.id === asked.attempt && attempt.state === 'trying') attempt.state = 'over'
    }
  }
}

function contactOf(number: number) {
  return contacts[number] as (typeof contacts)[number]
}

test('[LK-15] [SI-5] no script takes more places than there are, or forgets what it tries', () => {
  checkScripts({ step, newStage: () => new DialerStage(), runs: 400, steps: 60 })
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50)
})
