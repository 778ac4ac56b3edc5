// What a page tells the peer that lives in it, on a stand-in for its window and document.

import type { PeerRuntime } from '@hyphae/runtime'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { followPage } from '../src/page-lifecycle.ts'

const page = { window: new EventTarget(), document: new EventTarget() }
const told: string[] = []
let release: () => void

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('window', page.window)
  vi.stubGlobal('document', Object.assign(page.document, { visibilityState: 'hidden' }))
  vi.stubGlobal('navigator', { onLine: true })
  release = followPage({
    environment: () => told.push('environment'),
    flush: () => told.push('flush'),
    closeNow: () => told.push('close'),
  } as Partial<PeerRuntime> as PeerRuntime)
  told.length = 0
})

afterEach(() => {
  release()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

it.each([
  ['document', 'visibilitychange', ['environment', 'flush']],
  ['document', 'freeze', ['environment', 'flush']],
  ['window', 'pagehide', ['flush', 'close']],
] as const)('what waits is written where there may be no later moment: %s, %s', (target, type, calls) => {
  page[target].dispatchEvent(new Event(type))
  expect(told).toEqual(calls)
})

it('once released it hears nothing, and wakes for nothing', () => {
  release()
  for (const type of ['visibilitychange', 'freeze']) page.document.dispatchEvent(new Event(type))
  for (const type of ['online', 'offline', 'pagehide', 'pageshow']) page.window.dispatchEvent(new Event(type))
  expect([told, vi.getTimerCount()]).toEqual([[], 0])
})
