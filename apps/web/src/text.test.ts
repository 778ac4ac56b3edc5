import { expect, test } from 'vitest'
import { counted, durationText, peersText, reasonText, timeText } from './text.ts'

test('what is counted has its plural, unless it is one', () => {
  expect([0, 1, 2].map((count) => counted(count, 'bucket'))).toEqual(['0 buckets', '1 bucket', '2 buckets'])
  expect([1, 2].map((count) => counted(count, 'copy', 'copies'))).toEqual(['1 copy', '2 copies'])
  expect([1, 2, 1_234].map((count) => peersText(count, 1))).toEqual([
    '1 peer',
    '2 peers',
    'about 1,200 peers',
  ])
})

test('a reason ends with one full stop, as whichever sentence it comes', () => {
  expect(reasonText(new Error('no link within 30 s'))).toBe('no link within 30 s.')
  expect(reasonText(new Error('The operation is insecure.'))).toBe('The operation is insecure.')
})

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [2_983, '3.0 s'],
  [59_940, '59.9 s'],
  [59_990, '1 min'],
  [24.4 * 60_000, '24 min'],
  [59.7 * 60_000, '1.0 h'],
  [26.24 * 3_600_000, '26.2 h'],
])('%d milliseconds are said as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})

test('a time says its day where that is not today', () => {
  const at = new Date(2026, 4, 3, 23, 59).getTime()
  expect(timeText(at, new Date(2026, 4, 3, 0, 1).getTime())).not.toContain('2026')
  expect(timeText(at, new Date(2026, 4, 4, 0, 1).getTime())).toContain('2026')
  expect(timeText(at, new Date(2027, 4, 3, 23, 59).getTime())).toContain('2026')
})
