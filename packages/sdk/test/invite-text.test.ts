import { expect, it } from 'vitest'
import { decodeInvite, encodeInvite } from '../src/invite-text.ts'

const bytes = Uint8Array.from({ length: 200 }, (_, index) => index)
const text = encodeInvite('offer', bytes)

it('an invite survives white space, which chats and mail put into it', () => {
  expect(decodeInvite('offer', ` ${text.replace(/.{40}/g, '$&\n  ')}\n`)).toEqual(bytes)
})

it('an invite of which the end is missing is INVITE_INVALID, wherever it was cut', () => {
  for (let length = 0; length < text.length; length++) {
    expect(() => decodeInvite('offer', text.slice(0, length))).toThrow(
      expect.objectContaining({ code: 'INVITE_INVALID' }),
    )
  }
})

it('an answer is no offer', () => {
  expect(() => decodeInvite('answer', text)).toThrow('it does not begin with hyphae-answer:')
})
