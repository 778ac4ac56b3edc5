import { describe, expect, it } from 'vitest'
import { fixedAllowance, MeasuredAllowance } from '../src/allowance.ts'
import { BULK_BUFFERED_BYTES_MAX, BULK_BUFFERED_BYTES_MIN } from '../src/limits.ts'
import { type SendPipe, SendQueue } from '../src/send-queue.ts'

const KIB = 1024

describe('a send queue', () => {
  it('hands over in order, and no more than the allowance', async () => {
    const { pipe, queue } = newQueue({ bytesMax: 100 })
    for (const size of [40, 50, 20, 30]) queue.push(new Uint8Array(size))
    expect(pipe.sent).toEqual([40, 50])
    await turn()
    expect(pipe.sent).toEqual([40, 50])
    pipe.drain(45, queue)
    expect(pipe.sent).toEqual([40, 50, 20, 30])
  })

  it('sends a message larger than the allowance alone', async () => {
    const { pipe, queue } = newQueue({ bytesMax: 100 })
    for (const size of [10, 500, 10]) queue.push(new Uint8Array(size))
    await turn()
    expect(pipe.sent).toEqual([10])
    pipe.drain(10, queue)
    expect(pipe.sent).toEqual([10, 500])
    await turn()
    pipe.drain(500, queue)
    expect(pipe.sent).toEqual([10, 500, 10])
  })

  it('hands over no more in one turn, even to a stack that never says that anything is buffered', async () => {
    const { pipe, queue } = newQueue({ bytesMax: 100 })
    pipe.isOpaque = true
    for (const size of [60, 60, 500, 20]) queue.push(new Uint8Array(size))
    const turns = [pipe.sent.length]
    for (let i = 0; i < 4; i++) {
      await turn()
      turns.push(pipe.sent.length)
    }
    expect(turns).toEqual([1, 2, 3, 4, 4])
    expect(pipe.sent).toEqual([60, 60, 500, 20])
  })

  it('asks the stack to say when the next message fits', async () => {
    const { pipe, queue } = newQueue({ bytesMax: 100 })
    queue.push(new Uint8Array(80))
    expect(pipe.bufferedAmountLowThreshold).toBe(50)
    queue.push(new Uint8Array(70))
    expect(pipe.bufferedAmountLowThreshold).toBe(30)
    await turn()
    pipe.drain(80, queue)
    expect(pipe.bufferedAmountLowThreshold).toBe(50)
    queue.finish()
    expect(pipe.bufferedAmountLowThreshold).toBe(0)
  })

  it('announces room again once half of it is free, and the caller used half of what it knew', () => {
    const { pipe, queue, rooms } = newQueue({ bytesMax: 100 })
    expect(queue.announceRoom()).toBe(100)
    queue.push(new Uint8Array(60))
    expect(rooms()).toEqual([])
    pipe.drain(30, queue)
    expect(rooms()).toEqual([70])
    pipe.drain(30, queue)
    expect(rooms()).toEqual([70])
  })

  it('announces room even where every message leaves at once', () => {
    const { pipe, queue, rooms } = newQueue({ bytesMax: 100 })
    queue.announceRoom()
    for (let i = 0; i < 12; i++) {
      queue.push(new Uint8Array(10))
      pipe.bufferedAmount = 0
    }
    expect(rooms().length).toBeGreaterThanOrEqual(1)
  })

  it('refuses what does not fit any more, and keeps the rest', async () => {
    const { pipe, queue } = newQueue({ bytesMax: 100, queuedBytesMax: 250 })
    const pushed = [100, 100, 100, 100].map((size) => queue.push(new Uint8Array(size)))
    expect(pushed).toEqual([true, true, true, false])
    for (let i = 0; i < 3; i++) {
      await turn()
      pipe.drain(100, queue)
    }
    expect(pipe.sent).toHaveLength(3)
    expect(queue.pendingBytes).toBe(0)
  })

  it('keeps its order over thousands of messages', async () => {
    const { pipe, queue } = newQueue({ bytesMax: 5, queuedBytesMax: 1_000_000 })
    for (let i = 0; i < 3_000; i++) queue.push(new Uint8Array(1 + (i % 5)))
    for (let i = 0; i < 10_000 && queue.pendingBytes > 0; i++) {
      await turn()
      pipe.drain(1, queue)
    }
    expect(pipe.sent).toEqual(Array.from({ length: 3_000 }, (_, i) => 1 + (i % 5)))
  })

  it('throws what the channel throws', () => {
    const { pipe, queue } = newQueue({ bytesMax: 100 })
    pipe.error = new Error('closing')
    expect(() => queue.push(new Uint8Array(1))).toThrow('closing')
  })
})

describe('the measured allowance', () => {
  it('starts with the least and settles at 50 ms of the rate', () => {
    const { bytesMax } = drain({ bytesPerMs: 20 * KIB, ms: 2_000 })
    expect(bytesMax / (50 * 20 * KIB)).toBeCloseTo(1, 1)
    expect(new MeasuredAllowance(() => 0).bytesMax).toBe(BULK_BUFFERED_BYTES_MIN)
  })

  it('stays within its bounds', () => {
    expect(drain({ bytesPerMs: 100, ms: 2_000 }).bytesMax).toBe(BULK_BUFFERED_BYTES_MIN)
    expect(drain({ bytesPerMs: 500 * KIB, ms: 2_000 }).bytesMax).toBe(BULK_BUFFERED_BYTES_MAX)
  })

  it('does not take idle time for slowness', () => {
    const { allowance, clock, bytesMax } = drain({ bytesPerMs: 20 * KIB, ms: 2_000 })
    for (let i = 0; i < 20; i++) {
      allowance.noteFound(0, false)
      allowance.noteLeft(1_000)
      clock.now += 500
    }
    expect(allowance.bytesMax).toBe(bytesMax)
  })

  it('measures where one message empties the queue each time', () => {
    const clock = { now: 0 }
    const allowance = new MeasuredAllowance(() => clock.now)
    for (let i = 0; i < 100; i++) {
      allowance.noteFound(0, i > 0)
      allowance.noteLeft(256 * KIB)
      clock.now += 10
    }
    expect(allowance.bytesMax / (50 * 25.6 * KIB)).toBeCloseTo(1, 1)
  })
})

/** The turn of the event loop ends. */
function turn(): Promise<void> {
  return Promise.resolve()
}

/** A queue that is kept full drains at a steady rate. */
function drain({ bytesPerMs, ms }: { bytesPerMs: number; ms: number }) {
  const clock = { now: 0 }
  const allowance = new MeasuredAllowance(() => clock.now)
  let buffered = 0
  for (clock.now = 0; clock.now < ms; clock.now += 2) {
    buffered = Math.max(0, buffered - bytesPerMs * 2)
    allowance.noteFound(buffered, true)
    buffered = Math.max(buffered, allowance.bytesMax, bytesPerMs * 4)
    allowance.noteLeft(buffered)
  }
  return { allowance, clock, bytesMax: allowance.bytesMax }
}

/** A data channel as far as a queue sees it. */
class FakePipe implements SendPipe {
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  error: Error | null = null
  isOpaque = false
  /** Lengths of messages. */
  readonly sent: number[] = []

  send(bytes: Uint8Array): void {
    if (this.error) throw this.error
    this.sent.push(bytes.length)
    if (!this.isOpaque) this.bufferedAmount += bytes.length
  }

  /** Says low when it crosses its threshold, as channels do. */
  drain(bytes: number, queue: SendQueue): void {
    const before = this.bufferedAmount
    this.bufferedAmount = Math.max(0, before - bytes)
    const threshold = this.bufferedAmountLowThreshold
    if (before > threshold && this.bufferedAmount <= threshold) queue.onLow()
  }
}

function newQueue({ bytesMax, queuedBytesMax = 1_000 }: { bytesMax: number; queuedBytesMax?: number }) {
  const pipe = new FakePipe()
  const rooms: number[] = []
  const queue: SendQueue = new SendQueue(pipe, {
    allowance: fixedAllowance(bytesMax),
    queuedBytesMax,
    onRoom: () => rooms.push(queue.announceRoom()),
    onHeldBack: () => queue.resume(),
  })
  return { pipe, queue, rooms: () => rooms }
}
