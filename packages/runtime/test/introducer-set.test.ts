import type { Input, PeerEvent } from '@hyphae/core'
import { describe, expect, test } from 'vitest'
import { IntroducerSet } from '../src/introducer-set.ts'
import type { Introducer, IntroducerEvent, IntroducerIdentity } from '../src/ports/introducer.ts'

/** Remembers what it is told, and says what a test tells it. */
class FakeIntroducer implements Introducer {
  readonly id: string
  readonly path = 'server'
  readonly told: string[] = []
  say: (event: IntroducerEvent) => void = () => {}

  constructor(id: string) {
    this.id = id
  }

  open(_identity: IntroducerIdentity, listener: (event: IntroducerEvent) => void): void {
    this.told.push('open')
    this.say = listener
  }
  introduce = () => void this.told.push('introduce')
  signal = () => void this.told.push('signal')
  meshed = (links: number) => void this.told.push(`meshed ${links}`)
  retryNow = () => void this.told.push('retryNow')
  close = () => void this.told.push('close')
}

function newSet() {
  const [inputs, events]: [Input[], PeerEvent[]] = [[], []]
  const set = new IntroducerSet(
    {} as IntroducerIdentity,
    (input) => inputs.push(input),
    (event) => events.push(event),
  )
  return { set, inputs, events }
}

describe('introducers that come while the peer runs', () => {
  test('[SG-11] are told of the links there are: nobody says the same number again', () => {
    const { set } = newSet()
    const [early, late] = [new FakeIntroducer('wss://early/'), new FakeIntroducer('wss://late/')]
    set.openAll([early])
    set.meshed(6)
    set.add(late)
    expect(early.told).toEqual(['open', 'meshed 6'])
    expect(late.told).toEqual(['open', 'meshed 6'])
  })
})
