import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { SessionState } from '../peer-session.ts'
import { StoreView } from './store-view.tsx'

test('a name or value that is pasted is not cut without a word: the store says what is too long', () => {
  const state = { peer: { id: 'a' } } as SessionState
  const page = renderToStaticMarkup(createElement(StoreView, { state }))
  expect(page).toContain('<textarea')
  expect(page).not.toMatch(/maxlength/i)
})
