import { describe, expect, it } from 'vitest'
import { CONTROL_MESSAGE_BYTES_MAX, FRAME_BYTES_MAX, HOPS_MAX } from '../../src/limits.ts'
import { concatBytes, fromUtf8, utf8 } from '../../src/wire/bytes.ts'
import {
  decodeFrame,
  encodeFrame,
  FLAG_DIRECT,
  isUnknownType,
  packBatches,
  splitBatch,
  withTtl,
} from '../../src/wire/codec.ts'
import { MESSAGES, ROUTED_BYTES_MAX } from '../../src/wire/messages.ts'
import { MESSAGE_NAMES, sampleMessage, sequence } from './samples.ts'

const ping = encodeFrame({ type: 'PING', nonce: 1 })

describe('frames and batches', () => {
  it('[WR5] a batch holds frames in order and splits into the same ones', () => {
    const frames = [
      ping,
      encodeFrame({ type: 'PONG', nonce: 2 }),
      encodeFrame({ type: 'PROOF', signature: new Uint8Array(64) }),
    ]
    const [batch, ...more] = packBatches(frames)
    expect(more).toEqual([])
    expect(splitBatch(batch as Uint8Array)).toEqual(frames)
  })

  it('[WR5] a batch never exceeds 16 KiB, and the largest frame fits into one', () => {
    const large = new Uint8Array(FRAME_BYTES_MAX)
    const batches = packBatches([ping, large, ping, ping])
    expect(batches.map((batch) => batch.length)).toEqual([
      ping.length + 2,
      CONTROL_MESSAGE_BYTES_MAX,
      2 * (ping.length + 2),
    ])
  })

  it('[WR5] lengths that do not add up make the whole batch null', () => {
    const batch = packBatches([ping])[0] as Uint8Array
    expect(splitBatch(batch.subarray(0, batch.length - 1))).toBeNull()
    expect(splitBatch(Uint8Array.from([...batch, 0]))).toBeNull()
    expect(splitBatch(new Uint8Array(0))).toBeNull()
    expect(splitBatch(Uint8Array.of(0, 0))).toBeNull()
  })

  it('[WR-10] no batch looks like a keep-alive', () => {
    expect(splitBatch(new Uint8Array(4))).toBeNull()
  })

  it('[WR6] forwarding changes the TTL and no other byte', () => {
    const patched = withTtl(ping, 9)
    expect(decodeFrame(patched)?.ttl).toBe(9)
    expect(patched.filter((byte, index) => byte !== ping[index])).toHaveLength(1)
  })

  it('[WR7] another version, an unknown flag and an unknown type are null', () => {
    const change = (index: number, byte: number) => {
      const copy = ping.slice()
      copy[index] = byte
      return copy
    }
    expect(decodeFrame(change(0, 2))).toBeNull()
    expect(decodeFrame(change(2, 0x80))).toBeNull()
    expect(decodeFrame(change(1, 0xee))).toBeNull()
    expect(isUnknownType(change(1, 0xee))).toBe(true)
    expect(isUnknownType(ping)).toBe(false)
    expect(isUnknownType(Uint8Array.of(2, 0xee, 0, 0))).toBe(false)
    expect(isUnknownType(new Uint8Array(0))).toBe(false)
  })

  it.each(MESSAGE_NAMES.filter((name) => MESSAGES[name].layer === 'link'))(
    '[WR-7] a flag is malformed on %s, but for the one that GOSSIP has',
    (name) => {
      const frame = encodeFrame(sampleMessage(name, sequence(1)), 3)
      const accepted = Array.from({ length: 256 }, (_, flags) => flags).filter(
        (flags) => decodeFrame(frame.with(2, flags)) !== null,
      )
      expect(accepted).toEqual(name === 'GOSSIP' ? [0, FLAG_DIRECT] : [0])
    },
  )

  it('[WR5] more than 16 KiB is no batch', () => {
    const frames = Array.from({ length: 1_639 }, () => ping)
    const batches = packBatches(frames)
    expect(batches).toHaveLength(2)
    expect(splitBatch(concatBytes(...batches))).toBeNull()
  })

  it('[WR4] a ROUTE leaves room for all that forwarding adds', () => {
    const route = (innerBytes: number, visited: number) =>
      encodeFrame({
        type: 'ROUTE',
        operation: 'ab'.repeat(16) as never,
        path: 0,
        mode: 0,
        target: 'cd'.repeat(32) as never,
        visited: Array.from({ length: visited }, () => '01020304'),
        via: [],
        inner: new Uint8Array(innerBytes),
      })
    expect(route(ROUTED_BYTES_MAX, HOPS_MAX)).toHaveLength(FRAME_BYTES_MAX)
    expect(decodeFrame(route(ROUTED_BYTES_MAX, 0))).not.toBeNull()
    expect(decodeFrame(route(ROUTED_BYTES_MAX + 1, 0))).toBeNull()
  })

  it('[WR8] routed and sealed messages are no frames', () => {
    expect(isUnknownType(Uint8Array.of(1, 0x22, 0, 0))).toBe(false)
    expect(decodeFrame(Uint8Array.of(1, 0x22, 0, 0, ...new Uint8Array(33)))).toBeNull()
  })

  it('[WR9] text is UTF-8: round trips agree with the platform, malformed input is null', () => {
    for (const text of ['', 'abc', 'äöü', '€', '𝄞 hyphae', '\u0000\u07ff\uffff']) {
      expect(utf8(text)).toEqual(new TextEncoder().encode(text))
      expect(fromUtf8(utf8(text))).toBe(text)
    }
    for (const bad of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]]) {
      expect(fromUtf8(Uint8Array.from(bad))).toBeNull()
    }
    expect(utf8('\ud800')).toEqual(utf8('\ufffd'))
  })
})
