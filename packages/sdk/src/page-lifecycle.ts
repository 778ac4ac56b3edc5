// What a page lives through: hidden, frozen, offline, asleep, gone. Told to the peer, which decides what it means.

import type { PeerRuntime } from '@hyphae/runtime'

/** Milliseconds between two looks at the clock. A look that comes late shows that the page was asleep. */
const LOOK_MS = 5_000
/** Lateness below this is a busy page, or a hidden one whose timers come once a minute and which is awake all the same. */
const PAUSE_MS_MIN = 90_000

/** Follows the page until the returned function is called. Does nothing where there is no page. */
export function followPage(runtime: PeerRuntime): () => void {
  if (typeof document === 'undefined' || typeof window === 'undefined') return () => {}
  const abort = new AbortController()
  const { signal } = abort
  let lookedAt = Date.now()
  const tell = (pausedMs: number) => {
    runtime.environment({
      online: navigator.onLine,
      visible: document.visibilityState === 'visible',
      pausedMs,
    })
  }
  const look = () => {
    const pausedMs = Date.now() - lookedAt - LOOK_MS
    lookedAt = Date.now()
    if (pausedMs >= PAUSE_MS_MIN) tell(pausedMs)
  }
  const onVisibility = () => {
    tell(0)
    if (document.visibilityState === 'hidden') runtime.flush()
  }
  const timer = setInterval(look, LOOK_MS)
  document.addEventListener('visibilitychange', onVisibility, { signal })
  // A frozen page may be discarded without another event, and what was written since it was hidden waits for a timer, a minute even.
  document.addEventListener('freeze', onVisibility, { signal })
  window.addEventListener('online', () => tell(0), { signal })
  window.addEventListener('offline', () => tell(0), { signal })
  // Fires on reload, navigation and closing alike. A page kept in the back/forward cache finds its links closed and, being
  // shown again, starts anew: its channels would be dead anyway.
  window.addEventListener(
    'pagehide',
    () => {
      runtime.flush()
      runtime.closeNow()
    },
    { signal },
  )
  window.addEventListener('pageshow', (event) => event.persisted && location.reload(), { signal })
  tell(0)
  return () => {
    clearInterval(timer)
    abort.abort()
  }
}
