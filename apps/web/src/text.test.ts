import { expect, test } from 'vitest'
import { counted, peersText, reasonText } from './text.ts'

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
