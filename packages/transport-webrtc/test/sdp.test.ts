import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CANDIDATES_MAX } from '../src/limits.ts'
import { fingerprintOf, readDescription, sdpOf } from '../src/sdp.ts'
import { CHROMIUM_OFFER, FIREFOX_ANSWER, LIBDATACHANNEL_OFFER } from './descriptions.ts'

const OTHER_FINGERPRINT = `a=fingerprint:sha-256 ${Array(32).fill('AA').join(':')}\r\n`

/** Changes to a good offer that make it no offer for us. */
const REFUSED: Readonly<Record<string, (sdp: string) => string>> = {
  'two different fingerprints': (sdp) => sdp + OTHER_FINGERPRINT,
  'no fingerprint': (sdp) => without(sdp, 'a=fingerprint'),
  'a sha-1 fingerprint alone': (sdp) => sdp.replace('sha-256', 'sha-1'),
  'a sha-1 fingerprint beside the other': (sdp) =>
    `${sdp}a=fingerprint:sha-1 ${Array(20).fill('AA').join(':')}\r\n`,
  'a fingerprint cut short': (sdp) => sdp.replace(':4B\r\n', '\r\n'),
  'an audio section': (sdp) => `${sdp}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n`,
  'a second data section': (sdp) => `${sdp}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n`,
  'a rejected section': (sdp) => sdp.replace('m=application 9', 'm=application 0'),
  'data over TCP': (sdp) => sdp.replace('UDP/DTLS/SCTP', 'TCP/DTLS/SCTP'),
  'no ICE password': (sdp) => without(sdp, 'a=ice-pwd'),
  'two ICE user names': (sdp) => `${sdp}a=ice-ufrag:other\r\n`,
  'the role of an answer': (sdp) => sdp.replace('setup:actpass', 'setup:active'),
  'messages too small for a frame': (sdp) => sdp.replace('max-message-size:262144', 'max-message-size:16383'),
  'a line of unknown kind': (sdp) => `${sdp}x=1\r\n`,
  'control characters in an address': (sdp) => sdp.replace('127.0.0.1', '127.0.0.1\u0000'),
  'more lines than any browser writes': (sdp) => sdp + 'a=ice-options:trickle\r\n'.repeat(200),
}

describe('reading a description', () => {
  it('takes what each stack writes', () => {
    expect(readDescription('offer', CHROMIUM_OFFER)).toMatchObject({
      messageBytesMax: 262_144,
      droppedCandidates: 0,
    })
    expect(readDescription('offer', LIBDATACHANNEL_OFFER)?.candidates).toHaveLength(2)
    const answer = readDescription('answer', FIREFOX_ANSWER)
    expect(answer).toMatchObject({ kind: 'answer', messageBytesMax: 1_073_741_823, droppedCandidates: 1 })
    expect(answer?.fingerprint.slice(0, 3)).toEqual(Uint8Array.of(0x4d, 0x0d, 0x66))
  })

  it('keeps the lines of a data channel and no others', () => {
    const read = readDescription(
      'offer',
      `${CHROMIUM_OFFER}a=identity:bm9ib2R5\r\nb=AS:30\r\na=x-google-flag:conference\r\n`,
    )
    expect(read?.sdp).not.toMatch(/identity|b=AS|x-google|msid|extmap|candidate/)
    expect(read?.sdp.split('\r\n').filter((line) => line !== '')).toHaveLength(15)
    expect(read?.candidates).toEqual([
      'candidate:3951184638 1 udp 2113937151 35f03457-a7cb-4fe5-a5ad-e3d7e38a05dc.local 37612 typ host',
    ])
  })

  it('reads what it wrote as the same', () => {
    for (const text of [CHROMIUM_OFFER, LIBDATACHANNEL_OFFER]) {
      const read = readDescription('offer', text)
      expect(read).not.toBeNull()
      expect(read && readDescription('offer', sdpOf(read))).toEqual(read)
    }
  })

  it('takes a fingerprint that is repeated', () => {
    const again = CHROMIUM_OFFER.split('\r\n').find((line) => line.startsWith('a=fingerprint')) ?? ''
    expect(readDescription('offer', `${CHROMIUM_OFFER}${again.toLowerCase()}\r\n`)).not.toBeNull()
  })

  for (const [what, change] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => {
      expect(change(CHROMIUM_OFFER)).not.toBe(CHROMIUM_OFFER)
      expect(readDescription('offer', change(CHROMIUM_OFFER))).toBeNull()
    })
  }

  it('ignores a line that is named like a property of every object', () => {
    const named = ['constructor', '__proto__', 'toString'].map((name) => `a=${name}:x\r\n`).join('')
    expect(readDescription('offer', CHROMIUM_OFFER + named)).toEqual(readDescription('offer', CHROMIUM_OFFER))
  })

  it('drops candidates above the limit and counts them', () => {
    const lines = Array.from(
      { length: CANDIDATES_MAX + 5 },
      (_, i) => `a=candidate:${i} 1 udp 1 192.0.2.1 ${1_000 + i} typ host\r\n`,
    )
    const read = readDescription('offer', without(CHROMIUM_OFFER, 'a=candidate') + lines.join(''))
    expect([read?.candidates.length, read?.droppedCandidates]).toEqual([CANDIDATES_MAX, 5])
  })

  it('never throws, whatever a remote changes', () => {
    const lines = CHROMIUM_OFFER.split('\r\n')
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.string({ maxLength: 80 }), (index, line) => {
        const read = readDescription('offer', lines.with(index, line).join('\r\n'))
        return read === null || read.fingerprint.length === 32
      }),
      { numRuns: 2_000, seed: 1 },
    )
  })
})

describe('the fingerprint of a description that the browser reports', () => {
  it('is its 32 bytes', () => {
    expect(fingerprintOf(FIREFOX_ANSWER)?.slice(30)).toEqual(Uint8Array.of(0xac, 0xb9))
  })

  it('is none where there is not exactly one', () => {
    expect(fingerprintOf('')).toBeNull()
    expect(fingerprintOf(FIREFOX_ANSWER + OTHER_FINGERPRINT)).toBeNull()
    expect(fingerprintOf(FIREFOX_ANSWER.replace('sha-256', 'sha-512'))).toBeNull()
  })
})

function without(sdp: string, start: string): string {
  return sdp
    .split('\r\n')
    .filter((line) => !line.startsWith(start))
    .join('\r\n')
}
