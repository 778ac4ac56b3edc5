import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCandidate } from '../src/candidate.ts'
import { CANDIDATES_MAX, SIGNAL_BYTES_MAX } from '../src/limits.ts'
import { readDescription } from '../src/sdp.ts'
import { decodeSignal, encodeCandidates, encodeDescription } from '../src/signal.ts'
import { CHROMIUM_OFFER } from './descriptions.ts'

describe('reading a candidate', () => {
  it('keeps the known fields in their shortest form', () => {
    const line =
      'a=candidate:842163049 1 UDP 1677729535 203.0.113.7 61665 typ srflx raddr 10.0.0.5 rport 61665 generation 0 ufrag LEhq network-id 1'
    expect(readCandidate(line)).toBe(
      'candidate:842163049 1 udp 1677729535 203.0.113.7 61665 typ srflx raddr 0.0.0.0 rport 0',
    )
  })

  it('takes IPv6 and hidden addresses', () => {
    for (const address of ['2001:db8::7', '::ffff:192.0.2.1', '35f03457-a7cb-4fe5-a5ad-e3d7e38a05dc.local'])
      expect(readCandidate(`candidate:1 1 udp 1 ${address} 9 typ host`)).toContain(address)
  })

  it.each([
    [
      'TCP, which makes browsers connect to anything',
      'candidate:1 1 tcp 1 192.0.2.1 80 typ host tcptype passive',
    ],
    ['a host name, which some stacks look up', 'candidate:1 1 udp 1 tracker.example.com 9 typ host'],
    ['a name below .local that no browser made', 'candidate:1 1 udp 1 printer.local 9 typ host'],
    ['another component', 'candidate:1 2 udp 1 192.0.2.1 9 typ host'],
    ['port 0', 'candidate:1 1 udp 1 192.0.2.1 0 typ host'],
    ['a port above 65535', 'candidate:1 1 udp 1 192.0.2.1 65536 typ host'],
    ['an unknown type', 'candidate:1 1 udp 1 192.0.2.1 9 typ magic'],
    ['a number that is no address', 'candidate:1 1 udp 1 192.0.2.256 9 typ host'],
    ['an unfinished IPv6 address', 'candidate:1 1 udp 1 2001:db8 9 typ host'],
    ['a priority above 31 bits', 'candidate:1 1 udp 2147483648 192.0.2.1 9 typ host'],
    ['a line break', 'candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=identity:x'],
    ['the end of candidates', ''],
  ])('refuses %s', (_, line) => {
    expect(readCandidate(line)).toBeNull()
  })
})

describe('decoding a signal', () => {
  it('gives back what was encoded', () => {
    const description = readDescription('offer', CHROMIUM_OFFER)
    if (!description) throw new Error('the offer is good')
    expect(decodeSignal(encodeDescription(description))).toEqual({ kind: 'description', description })
    const candidates = ['candidate:1 1 udp 1 192.0.2.1 9 typ host']
    expect(decodeSignal(encodeCandidates(candidates))).toEqual({
      kind: 'candidates',
      candidates,
      droppedCandidates: 0,
    })
  })

  it('keeps an offer and a full signal of candidates below the largest signal', () => {
    const longest = `candidate:${'f'.repeat(32)} 1 udp 2147483647 2001:db8:1111:2222:3333:4444:5555:6666 65535 typ srflx raddr 0.0.0.0 rport 0`
    expect(readCandidate(longest)).toBe(longest)
    const full = Array<string>(CANDIDATES_MAX).fill(longest)
    expect(encodeCandidates(full).length).toBeLessThan(SIGNAL_BYTES_MAX)
    const description = readDescription('offer', CHROMIUM_OFFER)
    if (!description) throw new Error('the offer is good')
    expect(encodeDescription({ ...description, candidates: full }).length).toBeLessThan(SIGNAL_BYTES_MAX)
    expect(encodeDescription(description).length).toBeLessThan(600)
  })

  it('drops bad candidates among good ones, and counts them', () => {
    const mixed = encodeCandidates(['candidate:1 1 udp 1 192.0.2.1 9 typ host', 'rubbish', ''])
    expect(decodeSignal(mixed)).toMatchObject({ kind: 'candidates', droppedCandidates: 2 })
  })

  it('tells a broken answer from what is none', () => {
    expect(decodeSignal(json({ answer: 'v=0' }))).toEqual({ kind: 'broken-answer' })
    expect(decodeSignal(json({ offer: 1 }))).toEqual({ kind: 'broken-offer' })
  })

  it.each([
    ['two descriptions', { offer: CHROMIUM_OFFER, answer: CHROMIUM_OFFER }],
    ['a request to negotiate again', { renegotiate: true }],
    ['a request for media', { transceiverRequest: { kind: 'video' } }],
    ['what simple-peer itself would take', { type: 'offer', sdp: CHROMIUM_OFFER }],
    ['a list', [CHROMIUM_OFFER]],
    ['nothing', {}],
    ['candidates that are no text', { candidates: [{ candidate: '' }] }],
    ['too many candidates', { candidates: Array(CANDIDATES_MAX + 1).fill('') }],
  ])('refuses %s', (_, content) => {
    expect(decodeSignal(json(content))).toBeNull()
  })

  it('refuses what is too long, no UTF-8 or no JSON', () => {
    const long = json({ candidates: ['x'.repeat(SIGNAL_BYTES_MAX)] })
    for (const bytes of [long, Uint8Array.of(0x22, 0xff, 0x22), json({}).subarray(1), new Uint8Array()])
      expect(decodeSignal(bytes)).toBeNull()
  })

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array(), fc.json().map(text)),
        (bytes) => decodeSignal(bytes) !== undefined,
      ),
      { numRuns: 2_000, seed: 1 },
    )
  })
})

function json(value: unknown): Uint8Array {
  return text(JSON.stringify(value))
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}
