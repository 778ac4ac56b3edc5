import { HyphaeError } from 'hyphae'
import { describe, expect, test } from 'vitest'
import { startFailureOf } from './start-failure.ts'

describe('a peer that does not start', () => {
  test('may start with other settings, where a call was made of wrong ones', () => {
    expect(startFailureOf(new RangeError('linksMax must be 50 or less'))).toEqual({
      message: 'The settings cannot be used: linksMax must be 50 or less.',
      remedy: 'settings',
    })
  })

  test.each(['STORAGE_FAILED', 'STORAGE_FULL'] as const)('may start without storage: %s', (code) => {
    const failure = startFailureOf(new HyphaeError(code, 'access is denied'))
    expect(failure).toEqual({ message: `${code}: access is denied`, remedy: 'memory' })
  })

  test('may have nothing but another try', () => {
    expect(startFailureOf(new HyphaeError('UNSUPPORTED', 'no WebRTC')).remedy).toBeNull()
  })
})
