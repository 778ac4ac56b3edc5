import { describe, expect, test } from 'vitest'
import { carriedText } from './carried-text.ts'

const INVITE = `hyphae-invite:${'aB3-_'.repeat(40)}`

describe('a text that was carried by hand', () => {
  test.each([
    ['as it was', INVITE],
    ['with white space around', `\n  ${INVITE}\n`],
    ['behind a greeting', `Hi Ada, open Hyphae and paste this: ${INVITE}`],
    ['before a signature', `${INVITE}\n\nSee you, Bob`],
    [
      'quoted by a mail program',
      `On Monday Bob wrote:\n> Hi!\n>\n> ${INVITE.match(/.{1,70}/g)?.join('\n> ')}\n>\n> Bob\n`,
    ],
    ['quoted twice', `>> ${INVITE.match(/.{1,70}/g)?.join('\n>> ')}\n>>\n> See you`],
    ['between angle brackets', `<${INVITE}>`],
  ])('is found %s', (_, text) => {
    expect(carriedText(text)).toBe(INVITE)
  })

  test('is left as it is where nothing is known of it', () => {
    expect(carriedText('hello\n\nworld')).toBe('hello\n\nworld')
    expect(carriedText('')).toBe('')
  })
})
