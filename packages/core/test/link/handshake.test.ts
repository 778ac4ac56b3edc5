import { beforeEach, describe, expect, it } from 'vitest'
import type { LinkRole } from '../../src/contract.ts'
import type { CloseCode } from '../../src/errors.ts'
import { networkIdOf } from '../../src/identity/network-id.ts'
import { EARLY_BYTES_MAX, EARLY_FRAMES_MAX, HANDSHAKE_TIMEOUT_MS } from '../../src/limits.ts'
import { bootStatement, Handshake } from '../../src/link/handshake.ts'
import { equalBytes, fromHex, toHex, utf8 } from '../../src/wire/bytes.ts'
import { decodeFrame, encodeFrame, packBatches, splitBatch } from '../../src/wire/codec.ts'
import type { Message } from '../../src/wire/messages.ts'
import { type Host, LinkBench, NETWORK_ID, Stranger } from './link-bench.ts'
import { contactNumber, contactsInOrder, sign } from './stand-ins.ts'

const [small, large] = contactsInOrder(2) as [
  ReturnType<typeof contactNumber>,
  ReturnType<typeof contactNumber>,
]
const other = contactNumber(7)

let bench: LinkBench
let a: Host
let b: Host

beforeEach(() => {
  bench = new LinkBench()
  a = bench.host({ contact: small })
  b = bench.host({ contact: large })
})

function decoded(frame: Uint8Array): Message {
  return decodeFrame(frame)?.message as Message
}

describe('the boot statement', () => {
  it('[ID-5] names network and boot, and is signed by the peer', () => {
    const expected = [...utf8('hyphae boot 1'), ...fromHex(NETWORK_ID), 0, 0, 0, 1, 0, 0, 0, 2]
    expect([...bootStatement(NETWORK_ID, 0x1_0000_0002)]).toEqual(expected)
  })

  it('[ID-5] is said in every HELLO, with the boot it is about', () => {
    const third = bench.host({ contact: other, bootId: 3 })
    bench.link(third, a)
    const { message } = bench.sent.find(({ from, message: { type } }) => from === third && type === 'HELLO')!
    const bootSignature = sign(other.signingKey, bootStatement(NETWORK_ID, 3))
    expect(message).toMatchObject({ bootId: 3, networkId: NETWORK_ID, bootSignature })
  })
})

describe('the transcript', () => {
  const binding = { local: new Uint8Array(32).fill(1), remote: new Uint8Array(32).fill(2) }

  function end(role: LinkRole, change: Partial<ConstructorParameters<typeof Handshake>[0]> = {}): Handshake {
    const contact = role === 'dialer' ? small : large
    const bootSignature = sign(contact.signingKey, bootStatement(NETWORK_ID, 1))
    const mirrored = { local: binding.remote, remote: binding.local }
    return new Handshake({
      local: { contact, networkId: NETWORK_ID, bootId: 1, bootSignature },
      role,
      binding: role === 'dialer' ? binding : mirrored,
      expected: null,
      workBits: 0,
      nonce: new Uint8Array(16).fill(role === 'dialer' ? 3 : 4),
      hidden: false,
      ...change,
    })
  }

  function met(dialer: Handshake, listener: Handshake): [Handshake, Handshake] {
    const greet = (to: Handshake, from: Handshake) => {
      const hello = decoded(from.helloFrame)
      if (hello.type === 'HELLO') expect(to.takeHello(hello, from.helloFrame)).toBeNull()
    }
    greet(dialer, listener)
    greet(listener, dialer)
    return [dialer, listener]
  }

  const [dialer, listener] = met(end('dialer'), end('listener'))
  const honest = toHex(dialer.localTranscript())

  it('[LK3] is the same for both ends, and tells the two signers apart', () => {
    expect(toHex(listener.remoteTranscript())).toBe(honest)
    expect(listener.localTranscript()).toEqual(dialer.remoteTranscript())
    expect(equalBytes(dialer.localTranscript(), dialer.remoteTranscript())).toBe(false)
  })

  const fill = (length: number, value: number) => new Uint8Array(length).fill(value)
  it.each([
    ["the dialer's HELLO", met(end('dialer', { nonce: fill(16, 9) }), end('listener'))],
    ["the listener's HELLO", met(end('dialer'), end('listener', { nonce: fill(16, 9) }))],
    ['the hidden flag', met(end('dialer', { hidden: true }), end('listener'))],
    [
      "the dialer's fingerprint",
      met(end('dialer', { binding: { ...binding, local: fill(32, 9) } }), end('listener')),
    ],
    [
      "the listener's fingerprint",
      met(end('dialer', { binding: { ...binding, remote: fill(32, 9) } }), end('listener')),
    ],
  ])('[LK3] binds %s', (_, [changed]) => {
    expect(toHex(changed.localTranscript())).not.toBe(honest)
  })
})

describe('two honest ends', () => {
  it('[LK1] both say HELLO at once, and nothing else before the other has', () => {
    bench.connect(a, b)
    expect(bench.sent.map(({ from, message }) => [from.id, message.type])).toEqual([
      [a.id, 'HELLO'],
      [b.id, 'HELLO'],
    ])
  })

  it('[LK4] are linked once both proofs are checked, and tell so once', () => {
    bench.link(a, b)
    for (const host of [a, b]) {
      expect(host.stages()).toEqual(['connected', 'proved', 'open'])
      expect([host.ups(), host.joins(), host.failures()]).toEqual(['+', '+', []])
    }
    expect(a.links.roster.linkOf(b.id)).toBe(1)
    expect(b.links.roster.linkOf(a.id)).toBe(2)
  })

  it('[LK4] frames between the proof and its verification are kept and come out in order', () => {
    const stranger = new Stranger(bench, a, other)
    const routes = [1, 2, 3].map((path): Message => ({ type: 'ROUTE_ACK', operation: operation(), path }))
    stranger.says(stranger.handshake.helloFrame, stranger.proof())
    stranger.says(...routes)
    expect(a.frames()).toEqual([])
    bench.run()
    expect(a.frames()).toEqual(routes)
    expect(a.offences()).toEqual([])
  })
})

describe('refusals', () => {
  function expectRefusal(stranger: Stranger, code: CloseCode, offences: string[] = []): void {
    bench.run()
    expect(stranger.goodbye()).toBe(code)
    expect(a.failures()).toEqual([code])
    expect(a.ups()).toBe('')
    expect(a.offences()).toEqual(offences)
    bench.advance(1_000)
    expect(a.links.isEmpty).toBe(true)
  }

  it('[LK2] another network', () => {
    const stranger = new Stranger(bench, a, other, { networkId: networkIdOf('elsewhere', 0) })
    stranger.says(stranger.handshake.helloFrame)
    expectRefusal(stranger, 'wrong-network')
  })

  it('[LK2] no version in common', () => {
    const stranger = new Stranger(bench, a, other)
    const hello = decoded(stranger.handshake.helloFrame)
    stranger.says({ ...hello, versionMin: 2, versionMax: 9 } as Message)
    expectRefusal(stranger, 'version-mismatch')
  })

  it('[LK2] another identity than the one dialed', () => {
    const stranger = new Stranger(bench, a, other, { expected: large.id })
    stranger.says(stranger.handshake.helloFrame)
    expectRefusal(stranger, 'wrong-identity')
  })

  it('[ID2] [LK2] an identity without its work, which is counted', () => {
    a = bench.host({ contact: small, workBits: 30 })
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame)
    expectRefusal(stranger, 'wrong-identity', ['bad-work'])
  })

  it('[LK13] a banned identity', () => {
    const peer = other.id
    for (let i = 0; i < 4; i++) bench.input(a, { type: 'offence', peer, offence: 'bad-signature' })
    a.effects.length = 0
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame)
    expectRefusal(stranger, 'banned')
  })

  it('[LK13] an identity that is banned while its proof is verified', () => {
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame, stranger.proof())
    for (let i = 0; i < 4; i++)
      a.links.handle({ type: 'offence', peer: other.id, offence: 'bad-signature' }, bench.now, [])
    expectRefusal(stranger, 'banned')
  })

  it('[LK3] a proof that signs something else', () => {
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame, { type: 'PROOF', signature: new Uint8Array(64) })
    expectRefusal(stranger, 'bad-proof', ['bad-signature'])
  })

  it('[LK3] a proof by another key', () => {
    const stranger = new Stranger(bench, a, other)
    stranger.proof()
    const signature = sign(large.signingKey, stranger.handshake.localTranscript())
    stranger.says(stranger.handshake.helloFrame, { type: 'PROOF', signature })
    expectRefusal(stranger, 'bad-proof', ['bad-signature'])
  })

  it('[LK4] PROOF before HELLO', () => {
    const stranger = new Stranger(bench, a, other)
    stranger.says({ type: 'PROOF', signature: new Uint8Array(64) })
    expectRefusal(stranger, 'protocol-violation', ['before-proof'])
  })

  it.each<[string, boolean]>([
    ['HELLO', false],
    ['the proof', true],
  ])('[LK4] a frame before %s', (_, greeted) => {
    const stranger = new Stranger(bench, a, other)
    if (greeted) stranger.says(stranger.handshake.helloFrame)
    bench.run()
    stranger.says({ type: 'PING', nonce: 1 })
    expectRefusal(stranger, 'protocol-violation', ['before-proof'])
  })

  it('[LK4] a second HELLO before the proof', () => {
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame, stranger.handshake.helloFrame)
    expectRefusal(stranger, 'protocol-violation', ['unsolicited'])
  })

  it.each(['HELLO', 'PROOF'])('[LK4] a second %s while the proof is verified', (name) => {
    const stranger = new Stranger(bench, a, other)
    const { helloFrame } = stranger.handshake
    stranger.says(helloFrame, stranger.proof(), name === 'HELLO' ? helloFrame : stranger.proof())
    expectRefusal(stranger, 'protocol-violation', ['unsolicited'])
  })

  it('[LK4] more early frames than are kept', () => {
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame, stranger.proof())
    const ping = (nonce: number): Message => ({ type: 'PING', nonce })
    stranger.says(...Array.from({ length: EARLY_FRAMES_MAX }, (_, nonce) => ping(nonce)))
    expect(stranger.goodbye()).toBeNull()
    stranger.says(ping(0))
    expectRefusal(stranger, 'protocol-violation', ['flood'])
  })

  it('[LK4] more early bytes than are kept', () => {
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame, stranger.proof())
    const reply: Message = {
      type: 'ROUTE_REPLY',
      operation: operation(),
      path: 0,
      hops: 0,
      last: true,
      inner: new Uint8Array(16_000),
    }
    for (let i = 0; i < Math.floor(EARLY_BYTES_MAX / 16_027); i++) stranger.says(reply)
    expect(stranger.goodbye()).toBeNull()
    stranger.says(reply)
    expectRefusal(stranger, 'protocol-violation', ['flood'])
  })

  it('[LK5] nothing for 10 seconds', () => {
    const stranger = new Stranger(bench, a, other)
    bench.advance(HANDSHAKE_TIMEOUT_MS - 1)
    expect(stranger.goodbye()).toBeNull()
    bench.advance(1)
    expectRefusal(stranger, 'handshake-timeout')
  })

  it('[LK1] fingerprints that are none, and a connection nobody waits for', () => {
    const unknown = { type: 'opened', link: 99, role: 'listener', remoteGroup: '' } as const
    const print = new Uint8Array(32)
    const attempt = a.expectedByAttempt.keys().next().value ?? ('00'.repeat(8) as never)
    bench.input(a, { ...unknown, attempt, binding: { local: print, remote: print } })
    a.expectedByAttempt.set(attempt, { peer: null, path: 'memory' })
    bench.input(a, { ...unknown, attempt, binding: { local: print, remote: print.subarray(1) } })
    expect(a.failures()).toEqual(['cut', 'cut'])
    expect([...a.closedByDriver]).toEqual([99])
    expect(a.links.isEmpty).toBe(true)
  })

  it('[LK1] a connection that opens before our boot statement is signed', () => {
    const early = bench.host({ contact: contactNumber(9), ready: false })
    bench.openAlone(early, 'dialer', other.id)
    expect(early.failures()).toEqual(['cut'])
    expect(early.links.isEmpty).toBe(true)
  })

  it('[LK13] malformed frames, unknown types and a full bulk channel end it before the proof', () => {
    for (const bytes of [Uint8Array.of(0), Uint8Array.of(0, 4, 1, 0xee, 0, 0), new Uint8Array(4)]) {
      const stranger = new Stranger(bench, a, other)
      bench.input(a, { type: 'received', link: stranger.link, channel: 'control', bytes })
      expect(stranger.goodbye()).toBe('protocol-violation')
    }
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame)
    bench.inject(a, stranger.link, [{ type: 'DATA', stream: 1, offset: 0, bytes: new Uint8Array(8) }], 'bulk')
    expect(stranger.goodbye()).toBe('protocol-violation')
    expect(a.offences()).toEqual(['malformed-frame', 'unknown-type', 'malformed-frame', 'before-proof'])
  })
})

describe('somebody in the middle', () => {
  function expectBothRefuse(): void {
    for (const host of [a, b]) {
      expect(host.ups()).toBe('')
      expect(host.failures()).toEqual(['bad-proof'])
    }
  }

  it('[LK3] cannot change the versions that are offered', () => {
    bench.rewrite = (bytes, from) => {
      const [frame] = splitBatch(bytes) as [Uint8Array]
      const message = decoded(frame)
      if (message.type !== 'HELLO' || from !== a) return bytes
      return packBatches([encodeFrame({ ...message, versionMax: 5 })])[0] as Uint8Array
    }
    bench.link(a, b)
    // One end hears of it first and says goodbye; the other believes neither.
    expect([...a.failures(), ...b.failures()]).toContain('bad-proof')
    expect([a.ups(), b.ups()]).toEqual(['', ''])
  })

  it('[LK3] cannot terminate DTLS: the fingerprints differ', () => {
    const [toA, toB] = [new Stranger(bench, a, large), new Stranger(bench, b, small, { role: 'dialer' })]
    // Every byte is carried faithfully between two connections of its own.
    const relay = (from: Host, link: number, to: Host, at: number) => {
      const frames = bench.sent
        .filter((sent) => sent.from === from && sent.link === link)
        .map(({ frame }) => frame)
      bench.inject(to, at, frames.slice(relayed.get(link) ?? 0))
      relayed.set(link, frames.length)
    }
    const relayed = new Map<number, number>()
    for (let i = 0; i < 4; i++) {
      relay(a, toA.link, b, toB.link)
      relay(b, toB.link, a, toA.link)
      bench.run()
    }
    expectBothRefuse()
  })

  it('[LK3] cannot replay the proof of an earlier connection', () => {
    bench.link(a, b)
    const proof = bench.sent.find(({ from, message }) => from === b && message.type === 'PROOF')
      ?.frame as Uint8Array
    const hello = bench.sent.find(({ from, message }) => from === b && message.type === 'HELLO')
      ?.frame as Uint8Array
    const stranger = new Stranger(bench, a, large)
    stranger.says(hello, proof)
    bench.run()
    expect(stranger.goodbye()).toBe('bad-proof')
    expect(a.ups()).toBe('+')
  })

  it('[LK3] cannot reflect: our own HELLO is refused, and our own proof is none of the other role', () => {
    const mirror = new Stranger(bench, a, other, { expected: null })
    const said = () => bench.sent.filter(({ link }) => link === mirror.link).map(({ frame }) => frame)
    mirror.says(...said())
    bench.run()
    expect(mirror.goodbye()).toBe('superseded')
    // As somebody else, with whatever we sign ourselves.
    const stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame)
    bench.run()
    const ours = bench.sent.find(({ link, message }) => link === stranger.link && message.type === 'PROOF')
    stranger.says(ours?.frame as Uint8Array)
    bench.run()
    expect(stranger.goodbye()).toBe('bad-proof')
    expect(a.effects.filter((effect) => effect.type === 'superseded')).toEqual([])
  })

  it('[LK3] cannot use a proof made in the other role', () => {
    const stranger = new Stranger(bench, a, other, { role: 'listener' })
    stranger.proof()
    const signature = sign(other.signingKey, stranger.handshake.remoteTranscript())
    stranger.says(stranger.handshake.helloFrame, { type: 'PROOF', signature })
    bench.run()
    expect(stranger.goodbye()).toBe('bad-proof')
  })
})

function operation(): never {
  return 'ab'.repeat(16) as never
}
