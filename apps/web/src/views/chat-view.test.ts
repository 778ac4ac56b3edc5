import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { afterEach, expect, test, vi } from 'vitest'
import type { PeerSession, SessionState } from '../peer-session.ts'
import { ChatView } from './chat-view.tsx'

afterEach(() => void vi.unstubAllGlobals())

test('a message that is pasted is not cut without a word: what is too long comes back', () => {
  vi.stubGlobal('localStorage', { getItem: () => null })
  const state = { messagesByTopic: new Map(), unreadByTopic: new Map() } as unknown as SessionState
  const page = renderToStaticMarkup(createElement(ChatView, { session: {} as PeerSession, state }))
  const field = page.match(/<input[^>]*aria-label="Message"[^>]*>/)?.[0]
  expect(field).toContain('say something')
  expect(field).not.toMatch(/maxlength/i)
})
