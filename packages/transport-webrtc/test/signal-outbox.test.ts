import { ManualClock } from '@hyphae/conformance'
import { describe, expect, it } from 'vitest'
import { BATCH_MS, CANDIDATES_MAX, GATHER_MS_MAX } from '../src/limits.ts'
import { SharedTimer } from '../src/shared-timer.ts'
import { SignalOutbox } from '../src/signal-outbox.ts'
import { CHROMIUM_OFFER } from './descriptions.ts'

describe('outgoing signals', () => {
  it('the description waits a moment and takes the first candidates along', () => {
    const { outbox, clock, sent, found } = newOutbox()
    outbox.noteDescription('offer')
    found(1)
    clock.advance(BATCH_MS - 1)
    expect(sent()).toEqual([])
    clock.advance(1)
    expect(sent()).toEqual([{ kind: 'offer', candidates: 2 }])
  })

  it('later candidates travel together', () => {
    const { outbox, clock, sent, found } = newOutbox()
    outbox.noteDescription('offer')
    clock.advance(BATCH_MS)
    for (let i = 1; i <= 3; i++) found(i)
    clock.advance(BATCH_MS)
    found(4)
    clock.advance(BATCH_MS)
    expect(sent().slice(1)).toEqual([
      { kind: 'candidates', candidates: 3 },
      { kind: 'candidates', candidates: 1 },
    ])
  })

  it('nobody waits for more once gathering has ended', () => {
    for (const gatherFirst of [false, true]) {
      const { outbox, sent } = newOutbox({ gatherFirst })
      outbox.noteDescription('offer')
      outbox.noteGathered()
      outbox.noteGathered()
      expect(sent()).toEqual([{ kind: 'offer', candidates: 1 }])
    }
  })

  it('what is carried by hand is one signal, at the latest after three seconds', () => {
    const { outbox, clock, sent, found } = newOutbox({ gatherFirst: true })
    outbox.noteDescription('offer')
    found(1)
    clock.advance(GATHER_MS_MAX - 1)
    expect(sent()).toEqual([])
    clock.advance(1)
    found(2)
    outbox.noteGathered()
    clock.advance(GATHER_MS_MAX)
    expect(sent()).toEqual([{ kind: 'offer', candidates: 2 }])
  })

  it('held candidates leave together once the answer is there', () => {
    const { outbox, clock, sent, found } = newOutbox({ holdsCandidates: true })
    outbox.noteDescription('offer')
    expect(sent()).toEqual([{ kind: 'offer', candidates: 0 }])
    found(1)
    clock.advance(1_000)
    outbox.noteAnswered()
    clock.advance(0)
    found(2)
    clock.advance(BATCH_MS)
    expect(sent().slice(1)).toEqual([
      { kind: 'candidates', candidates: 2 },
      { kind: 'candidates', candidates: 1 },
    ])
  })

  it('candidates above the limit are not told', () => {
    const { outbox, clock, sent, found } = newOutbox()
    outbox.noteDescription('offer')
    clock.advance(BATCH_MS)
    for (let i = 1; i <= CANDIDATES_MAX + 10; i++) found(i)
    clock.advance(BATCH_MS)
    expect(sent().reduce((sum, { candidates }) => sum + candidates, 0)).toBe(CANDIDATES_MAX)
  })

  it('a description of unknown form is not sent', () => {
    const { outbox, sent, unusable } = newOutbox({ description: 'v=0\r\n' })
    outbox.noteDescription('offer')
    outbox.noteGathered()
    expect([sent(), unusable()]).toEqual([[], 1])
  })

  it('nothing is sent once it has stopped', () => {
    const { outbox, clock, sent } = newOutbox()
    outbox.noteDescription('offer')
    outbox.stop()
    clock.advance(GATHER_MS_MAX)
    expect(sent()).toEqual([])
  })
})

/** With one candidate in its description, and each found one in it from then on, as browsers do. */
function newOutbox({ gatherFirst = false, holdsCandidates = false, description = CHROMIUM_OFFER } = {}) {
  const clock = new ManualClock()
  const signals: Uint8Array[] = []
  let described = description
  let unusable = 0
  const outbox = new SignalOutbox({
    timer: new SharedTimer(clock, () => undefined),
    gatherFirst,
    holdsCandidates,
    describe: () => described,
    send: (bytes) => signals.push(bytes),
    onUnusable: () => {
      unusable++
    },
  })
  const found = (number: number) => {
    const line = `candidate:${number} 1 udp 1 192.0.2.1 ${1_000 + number} typ host`
    described += `a=${line}\r\n`
    outbox.noteCandidate(line)
  }
  return { outbox, clock, found, sent: () => signals.map(summary), unusable: () => unusable }
}

function summary(bytes: Uint8Array): { kind: string; candidates: number } {
  const text = new TextDecoder().decode(bytes)
  const [kind = ''] = Object.keys(JSON.parse(text) as object)
  return { kind, candidates: text.split('candidate:').length - 1 }
}
