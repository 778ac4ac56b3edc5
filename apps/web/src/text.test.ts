import { expect, test } from 'vitest'
import { counted, peersText } from './text.ts'

test('what is counted has its plural, unless it is one', () => {
  expect([0, 1, 2].map((count) => counted(count, 'bucket'))).toEqual(['0 buckets', '1 bucket', '2 buckets'])
  expect([1, 2].map((count) => counted(count, 'copy', 'copies'))).toEqual(['1 copy', '2 copies'])
  expect([1, 2, 1_234].map((count) => peersText(count, 1))).toEqual([
    '1 peer',
    '2 peers',
    'about 1,200 peers',
  ])
})
