import { ManualClock } from '@hyphae/conformance'
import type { Channel } from '@hyphae/core'
import type { TransportEvent } from '@hyphae/runtime'
import { describe, expect, it } from 'vitest'
import { BULK_QUEUED_BYTES_MAX, CONTROL_BYTES_MAX, FLUSH_MS_MAX, FLUSH_STALL_MS_MAX } from '../src/limits.ts'
import { Link } from '../src/link.ts'
import type { SendPipe } from '../src/send-queue.ts'
import { SharedTimer } from '../src/shared-timer.ts'

const KIB = 1024

describe('closing a link', () => {
  it('asks the other end to close once everything has left, and ends when that does not answer', async () => {
    const { link, clock, pipes, said } = newLink()
    link.send('bulk', new Uint8Array(KIB))
    link.close('left', true)
    await settle()
    expect(said()).toEqual([])
    clock.advance(500)
    pipes.bulk.drain(KIB, link)
    await settle()
    expect(said()).toEqual(['finish'])
    clock.advance(FLUSH_STALL_MS_MAX)
    await settle()
    expect(said()).toEqual(['finish', 'end: left'])
  })

  it('waits while bytes leave, for so long and no longer', async () => {
    const { link, clock, pipes, said } = newLink()
    for (let i = 0; i < 100; i++) link.send('bulk', new Uint8Array(64 * KIB))
    link.close('left', true)
    for (let ms = 0; ms < FLUSH_MS_MAX; ms += 500) {
      await settle()
      expect(said()).toEqual([])
      pipes.bulk.drain(40 * KIB, link)
      clock.advance(500)
    }
    await settle()
    expect(said()).toEqual(['end: left'])
  })

  it('gives up a second after the last byte left', async () => {
    const { link, clock, pipes, said } = newLink()
    link.send('bulk', new Uint8Array(256 * KIB))
    link.close('left', true)
    clock.advance(900)
    pipes.bulk.drain(KIB, link)
    clock.advance(FLUSH_STALL_MS_MAX)
    await settle()
    expect(said()).toEqual([])
    clock.advance(FLUSH_STALL_MS_MAX)
    await settle()
    expect(said()).toEqual(['end: left'])
  })

  it('ends at once without flush, and where a flush is cut short', async () => {
    for (const flush of [false, true]) {
      const { link, said } = newLink()
      link.send('bulk', new Uint8Array(KIB))
      link.close('left', flush)
      link.abort('destroyed')
      expect(said()).toEqual([])
      await settle()
      expect(said()).toEqual(['end: left'])
    }
  })

  it('ends with our reason where the channel throws at what is left', async () => {
    const { link, pipes, said } = newLink()
    for (let i = 0; i < 2; i++) link.send('bulk', new Uint8Array(256 * KIB))
    await settle()
    link.close('left', true)
    pipes.bulk.error = new Error('RTCDataChannel.readyState is not open')
    pipes.bulk.drain(256 * KIB, link)
    await settle()
    expect(said()).toEqual(['end: left'])
  })

  it('says nothing more, and sends nothing more', async () => {
    const { link, pipes, said } = newLink()
    link.send('bulk', new Uint8Array(KIB))
    link.close('left', true)
    link.receive('control', Uint8Array.of(1), 0)
    link.send('control', Uint8Array.of(1))
    link.watch(10, 10)
    await settle()
    expect(said()).toEqual([])
    expect(pipes.control.sent).toEqual([])
  })
})

describe('an open link', () => {
  it('ends where the channel throws', async () => {
    const { link, pipes, said } = newLink()
    pipes.control.error = new Error('RTCDataChannel.readyState is not open')
    link.send('control', Uint8Array.of(1))
    expect(said()).toEqual([])
    await settle()
    expect(said()).toEqual(['end: send failed: RTCDataChannel.readyState is not open'])
  })

  it('that ends by its own keep-alive is watched no more', async () => {
    const { link, clock, pipes, said } = newLink()
    link.watch(1_000, 3_000)
    pipes.control.error = new Error('RTCDataChannel.readyState is not open')
    clock.advance(1_000)
    await settle()
    expect(said()).toEqual(['end: send failed: RTCDataChannel.readyState is not open'])
    clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  it('ends where more is queued than may be', async () => {
    const { link, said } = newLink()
    for (let bytes = 0; bytes <= BULK_QUEUED_BYTES_MAX + 256 * KIB; bytes += 256 * KIB)
      link.send('bulk', new Uint8Array(256 * KIB))
    await settle()
    expect(said()).toEqual(['end: overloaded'])
  })

  it('ends where the other end sends more than it may', async () => {
    const { link, said } = newLink()
    link.receive('control', new Uint8Array(CONTROL_BYTES_MAX + 1), 0)
    await settle()
    expect(said()).toEqual(['end: protocol-violation'])
  })

  it('refuses messages of sizes that nobody takes', async () => {
    const { link, said, pipes } = newLink({ bulkBytesMax: 64 * KIB })
    link.send('control', new Uint8Array(CONTROL_BYTES_MAX + 1))
    link.send('bulk', new Uint8Array(64 * KIB + 1))
    link.send('bulk', new Uint8Array())
    await settle()
    expect(said()).toEqual(['warning', 'warning', 'warning'])
    expect([pipes.control.sent, pipes.bulk.sent]).toEqual([[], []])
  })

  it('[WR-10] hands no keep-alive on, but what is as long on bulk', async () => {
    const { link, said } = newLink()
    link.receive('control', new Uint8Array(4), 0)
    expect(said()).toEqual([])
    link.receive('bulk', new Uint8Array(4), 0)
    link.receive('control', new Uint8Array(5), 0)
    expect(said()).toEqual(['received', 'received'])
  })

  it('keeps control in front of the bulk of the same turn', () => {
    const { link, pipes, order } = newLink()
    for (let i = 0; i < 4; i++) link.send('bulk', new Uint8Array(64 * KIB))
    link.send('control', Uint8Array.of(1))
    expect(order()).toEqual(['bulk', 'control'])
    expect(pipes.bulk.sent).toHaveLength(1)
  })
})

/** A data channel as far as a link sees it. */
class FakePipe implements SendPipe {
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  error: Error | null = null
  readonly sent: number[] = []
  readonly #channel: Channel
  readonly #order: Channel[]

  constructor(channel: Channel, order: Channel[]) {
    this.#channel = channel
    this.#order = order
  }

  send(bytes: Uint8Array): void {
    if (this.error) throw this.error
    this.sent.push(bytes.length)
    this.#order.push(this.#channel)
    this.bufferedAmount += bytes.length
  }

  drain(bytes: number, link: Link): void {
    const before = this.bufferedAmount
    this.bufferedAmount = Math.max(0, before - bytes)
    const threshold = this.bufferedAmountLowThreshold
    if (before > threshold && this.bufferedAmount <= threshold) link.onLow(this.#channel)
  }
}

/** `said` leaves `writable` out. */
function newLink({ bulkBytesMax = 256 * KIB } = {}) {
  const clock = new ManualClock()
  const said: string[] = []
  const order: Channel[] = []
  const pipes = { control: new FakePipe('control', order), bulk: new FakePipe('bulk', order) }
  const tell = ({ type }: TransportEvent) => {
    if (type !== 'writable') said.push(type)
  }
  const link = new Link({
    id: 1,
    pipes,
    bulkBytesMax,
    timer: new SharedTimer(clock, () => undefined),
    tell,
    finish: () => said.push('finish'),
    end: (reason) => said.push(`end: ${reason}`),
  })
  return { link, clock, pipes, said: () => said, order: () => order }
}

/** Lets what the link does later, by microtask, happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve()
}
