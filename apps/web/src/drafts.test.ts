import { describe, expect, test } from 'vitest'
import { type Drafts, draftOf, withDraft, withReturned } from './drafts.ts'

const NONE: Drafts = new Map()

describe('what is typed', () => {
  test('belongs to its topic', () => {
    const drafts = withDraft(withDraft(NONE, 'cats', { text: 'a secret' }), 'lobby', {
      note: 'Handed to 1 link.',
    })
    expect(draftOf(drafts, 'cats')).toEqual({ text: 'a secret', note: '' })
    expect(draftOf(drafts, 'lobby')).toEqual({ text: '', note: 'Handed to 1 link.' })
    expect(draftOf(drafts, 'dogs')).toEqual({ text: '', note: '' })
  })

  test('comes back to its topic where it could not be sent, behind what was typed meanwhile', () => {
    const waiting = withDraft(NONE, 'cats', { text: '', note: 'Waiting for a link…' })
    const elsewhere = withDraft(waiting, 'lobby', { text: 'half a' })
    expect(draftOf(withReturned(elsewhere, 'cats', 'a secret'), 'lobby').text).toBe('half a')
    const returned = withReturned(withReturned(elsewhere, 'cats', 'one'), 'cats', 'two')
    expect(draftOf(returned, 'cats').text).toBe('one two')
  })
})
