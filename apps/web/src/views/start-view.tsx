import { useEffect, useState } from 'react'
import { Icon } from '../icon.tsx'
import type { PeerSession, Phase, SessionState } from '../peer-session.ts'
import type { StartFailure } from '../start-failure.ts'
import { SettingsView } from './settings-view.tsx'

/** Milliseconds without a step after which a start explains itself. A guess: reading what is kept takes less than one. */
const PATIENCE_MS = 8_000

interface StartViewProps {
  readonly phase: Exclude<Phase, { phase: 'running' }>
  readonly session: PeerSession
  readonly state: SessionState
}

/** Before the peer runs, and when it cannot: what is happening, or what is missing and what to do about it. */
export function StartView({ phase, session, state }: StartViewProps) {
  return (
    <main className="start">
      <h1>
        <Icon name="hyphae" /> Hyphae
      </h1>
      {phase.phase === 'starting' && <Starting done={phase.done} expected={phase.expected} />}
      {phase.phase === 'failed' && <Failed failure={phase} onStartInMemory={() => session.start('memory')} />}
      {phase.phase === 'failed' && phase.remedy === 'settings' && <SettingsView state={state} />}
      {phase.phase === 'stopped' && <Stopped message={phase.message} />}
    </main>
  )
}

function Starting({ done, expected }: { done: number; expected: number }) {
  return (
    <>
      <p>{done === 0 ? 'Starting…' : 'Working out an identity for this tab. This happens once.'}</p>
      <progress max={1} value={1 - Math.exp(-done / expected)} aria-label="Progress of the start" />
      {/* Another step is another wait. */}
      <Waiting key={done} />
    </>
  )
}

/** Working out an identity goes on by itself: a start that stands still waits for what the identity is read from or written to. */
function Waiting() {
  const [isLong, setIsLong] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [])
  if (!isLong) return null
  return (
    <div role="alert" data-testid="waiting">
      <h2>Waiting for the storage of this browser</h2>
      <p>
        It holds the identity and the records of this tab, and has not answered yet. Close other tabs of this
        page, then reload this one. If that does not help, start the browser anew.
      </p>
      <button type="button" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  )
}

interface FailedProps {
  readonly failure: StartFailure
  readonly onStartInMemory: () => void
}

function Failed({ failure: { message, remedy }, onStartInMemory }: FailedProps) {
  const insecure = !window.isSecureContext
  const noWebRtc = typeof RTCPeerConnection === 'undefined'
  return (
    <div role="alert" data-testid="failed">
      <h2>
        {insecure
          ? 'This page needs a secure address'
          : noWebRtc
            ? 'This browser has no WebRTC'
            : remedy === 'memory'
              ? 'This browser keeps nothing for this page'
              : 'The peer could not start'}
      </h2>
      {insecure && (
        <p>
          Browsers offer keys and storage that last only on <code>https://</code> and on{' '}
          <code>localhost</code>. Start the server with <code>npm start -- --https</code>, and open the
          address it prints.
        </p>
      )}
      {!insecure && noWebRtc && (
        <p>Peers link over WebRTC data channels. Current Chromium, Firefox and Safari have them.</p>
      )}
      {remedy === 'memory' && (
        <p>
          Allow this page to store data, or make room, and try again. Without storage a peer works all the
          same, but its identity and its records are gone when this tab is closed or reloaded.
        </p>
      )}
      <p className="muted">{message}</p>
      <div className="row">
        <button type="button" onClick={() => location.reload()}>
          Try again
        </button>
        {remedy === 'memory' && (
          <button type="button" onClick={onStartInMemory}>
            Start without storage
          </button>
        )}
      </div>
    </div>
  )
}

function Stopped({ message }: { message: string }) {
  return (
    <div role="alert">
      <h2>This peer has stopped</h2>
      <p>{message}</p>
      <button type="button" onClick={() => location.reload()}>
        Start again
      </button>
    </div>
  )
}
