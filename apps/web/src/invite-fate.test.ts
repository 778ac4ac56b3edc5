import { HyphaeError, type TimelineEntry } from 'hyphae'
import { describe, expect, test } from 'vitest'
import { fateOf, unlinkedText } from './invite-fate.ts'

const ATTEMPT = '00fbff1122334455'
/** Contact, attempt and the rest, as they are carried by hand. */
const text = `hyphae-answer:${Buffer.from(`${'ab'.repeat(72)}${ATTEMPT}ffee`, 'hex').toString('base64url')}`

const steps = (attempt: string, ...stages: TimelineEntry['stage'][]): TimelineEntry[] =>
  stages.map((stage, at) => ({ at, attempt, peer: null, stage, detail: '' }))

describe('a text that is carried by hand', () => {
  test('waits until its attempt comes to an end, whatever becomes of others', () => {
    expect(fateOf(text, [])).toBe('waiting')
    expect(fateOf(text, steps(ATTEMPT, 'connected', 'proved'))).toBe('waiting')
    const others = [...steps('0123456789abcdef', 'open'), ...steps('fedcba9876543210', 'failed:timeout')]
    expect(fateOf(text, others)).toBe('waiting')
  })

  test('has linked two, also when the link is gone again', () => {
    expect(fateOf(text, steps(ATTEMPT, 'connected', 'proved', 'open'))).toBe('linked')
    expect(fateOf(text, steps(ATTEMPT, 'open', 'suspect', 'closed'))).toBe('linked')
  })

  test('has expired, or come to nothing', () => {
    expect(fateOf(text, steps(ATTEMPT, 'failed:timeout'))).toBe('expired')
    expect(fateOf(text, steps(ATTEMPT, 'failed:ice'))).toBe('failed')
    expect(fateOf(text, steps(ATTEMPT, 'connected', 'failed:handshake'))).toBe('failed')
  })
})

test('why an answer led to no link is said as people say it, and what to do about it', () => {
  const other = new HyphaeError('LINK_FAILED', 'The handshake failed: wrong-network.')
  expect(unlinkedText(other)).toBe(
    'The other peer is in another network. Choose the same one in Settings, then create another invite.',
  )
  const silent = new HyphaeError('TIMEOUT', 'no answer came within 20000 ms')
  expect(unlinkedText(silent)).toBe('No link: no answer came within 20000 ms. Create another invite.')
})
