import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LinkEffect } from '../../src/link/link-contract.ts'
import { outOfBounds } from '../../src/peer/table-bounds.ts'
import { encodeFrame } from '../../src/wire/codec.ts'
import { type Host, LinkBench } from '../link/link-bench.ts'
import { contactsInOrder } from '../link/stand-ins.ts'
import { sampleMessage, sequence } from '../wire/samples.ts'
import { checkScripts, type Stage } from './script.ts'

/** As the bench gives its hosts. */
const LINKS_MAX = 8
const [small, large] = contactsInOrder(2) as [Contact, Contact]
type Contact = ReturnType<typeof contactsInOrder>[number]

type Step =
  | { readonly do: 'connect'; readonly bySmall: boolean }
  /** Of all that may happen next, this: a message arrives, or a job is done. */
  | { readonly do: 'take'; readonly which: number }
  | {
      readonly do: 'silent' | 'unlink' | 'reasons' | 'ping' | 'offence'
      readonly atSmall: boolean
      readonly number: number
    }
  | { readonly do: 'wait'; readonly ms: number }

const is = <T extends string>(name: T) => fc.constant(name)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: is('connect'), bySmall: fc.boolean() }) },
  { weight: 10, arbitrary: fc.record({ do: is('take'), which: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'silent' as const,
        'unlink' as const,
        'reasons' as const,
        'ping' as const,
        'offence' as const,
      ),
      atSmall: fc.boolean(),
      number: fc.nat(7),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: is('wait'), ms: fc.nat(1_500) }) },
)

/** Counts that show that scripts reach what they are about. */
const seen = { joined: 0, left: 0, replaced: 0, spare: 0 }

/** Two link sets and what is between them: messages of one connection keep their order, nothing else does. */
class LinkStage implements Stage<Step> {
  readonly #bench = new LinkBench()
  readonly #hosts: readonly [Host, Host]
  /** Numbers of connections at either end, in the order they were made. */
  readonly #made: { readonly atSmall: number; readonly atLarge: number }[] = []

  constructor() {
    this.#hosts = [this.#bench.host({ contact: small }), this.#bench.host({ contact: large })]
  }

  perform(step: Step): readonly (readonly LinkEffect[])[] {
    const before = this.#hosts.map(({ effects }) => effects.length)
    this.#do(step)
    return this.#hosts.map(({ effects }, index) => effects.slice(before[index]))
  }

  problems(): string[] {
    return this.#hosts.flatMap(({ links, joins, ups }, index) => {
      const host = this.#hosts[index] as Host
      const wrong = outOfBounds(links.tables(), LINKS_MAX)
      if ((links.tables()['spareLinks'] ?? 0) > 0) seen.spare += 1
      if (!isAlternating(joins.call(host))) wrong.push(`joins and leaves are ${joins.call(host)}`)
      if (!isAlternating(ups.call(host))) wrong.push(`ups and downs are ${ups.call(host)}`)
      return wrong
    })
  }

  /** In the end both have the same link or none, no second one, and nothing under way. */
  end(): string[] {
    this.#bench.run()
    this.#bench.advance(60_000)
    const [a, b] = this.#hosts
    const ends = [a.links.roster.linkOf(b.id), b.links.roster.linkOf(a.id)]
    const [atA, atB] = ends.map((link) => (link === null ? null : Math.ceil(link / 2)))
    const wrong = this.problems()
    if (atA !== atB) wrong.push(`one has connection ${atA} for its link, the other ${atB}`)
    for (const { links, effects } of this.#hosts) {
      const { connections, spareLinks } = links.tables()
      if (connections !== (atA === null ? 0 : 1) || spareLinks !== 0)
        wrong.push(`${connections} connections and ${spareLinks} spare links stay`)
      for (const effect of effects) count(effect)
    }
    return wrong
  }

  #do(step: Step): void {
    const bench = this.#bench
    const [a, b] = this.#hosts
    if (step.do === 'connect') {
      // The dialer makes no more than there may be.
      if (this.#hosts.some(({ links }) => links.size >= LINKS_MAX)) return
      const { dialer, listener } = step.bySmall ? bench.connect(a, b) : bench.connect(b, a)
      this.#made.push(
        step.bySmall ? { atSmall: dialer, atLarge: listener } : { atSmall: listener, atLarge: dialer },
      )
    } else if (step.do === 'take') {
      const steps = bench.steps()
      const next = steps[step.which % steps.length]
      if (next !== undefined) bench.take(next)
    } else if (step.do === 'wait') bench.advance(step.ms)
    else this.#disturb(step)
  }

  #disturb({ do: what, atSmall, number }: Extract<Step, { number: number }>): void {
    const bench = this.#bench
    const [host, other] = atSmall ? this.#hosts : [this.#hosts[1], this.#hosts[0]]
    const made = this.#made[number % Math.max(1, this.#made.length)]
    const link = made === undefined ? 0 : atSmall ? made.atSmall : made.atLarge
    if (what === 'silent') bench.input(host, { type: 'silent', link })
    else if (what === 'unlink')
      bench.input(host, {
        type: 'unlink',
        peer: other.id,
        code: number % 2 === 0 ? 'pruned' : 'cut',
      })
    else if (what === 'reasons') {
      host.reasonsByPeer.set(other.id, number)
      bench.input(host, { type: 'reasons', peer: other.id, reasons: number })
    } else if (what === 'offence') bench.input(host, { type: 'offence', peer: other.id, offence: 'bad-work' })
    else if (what === 'ping')
      bench.input(host, {
        type: 'send',
        to: other.id,
        frame: encodeFrame(sampleMessage('PRUNE', sequence(7))),
        lazy: number % 2 === 0,
      })
  }
}

/** One join before each leave. */
function isAlternating(marks: string): boolean {
  return /^(\+-)*\+?$/.test(marks)
}

function count(effect: LinkEffect): void {
  if (effect.type !== 'event') return
  if (effect.event.type === 'peer-joined') seen.joined += 1
  else if (effect.event.type === 'peer-left') seen.left += 1
  else if (effect.event.type === 'link-stage' && effect.event.stage === 'replaced') seen.replaced += 1
}

test('[LK-7] [LK-9] whatever comes first, joins and leaves alternate, and both ends keep the same link', () => {
  checkScripts({ step, newStage: () => new LinkStage(), runs: 500, steps: 80 })
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(10)
})
