import { useEffect, useState } from 'react'
import { Icon } from '../icon.tsx'
import type { Phase, SessionState } from '../peer-session.ts'
import { SettingsView } from './settings-view.tsx'

/** Milliseconds without a step after which a start explains itself. A guess: reading what is kept takes less than one. */
const PATIENCE_MS = 8_000

interface StartViewProps {
  readonly phase: Exclude<Phase, { phase: 'running' }>
  readonly state: SessionState
}

/** Before the peer runs, and when it cannot: what is happening, or what is missing and what to do about it. */
export function StartView({ phase, state }: StartViewProps) {
  return (
    <div className="start">
      <h1>
        <Icon name="hyphae" /> Hyphae
      </h1>
      {phase.phase === 'starting' && <Starting done={phase.done} expected={phase.expected} />}
      {phase.phase === 'failed' && <Failed message={phase.message} />}
      {phase.phase === 'failed' && phase.isMistake && <SettingsView state={state} />}
      {phase.phase === 'stopped' && <Stopped message={phase.message} />}
    </div>
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

function Failed({ message }: { message: string }) {
  const insecure = !window.isSecureContext
  const noWebRtc = typeof RTCPeerConnection === 'undefined'
  return (
    <div role="alert" data-testid="failed">
      <h2>
        {insecure
          ? 'This page needs a secure address'
          : noWebRtc
            ? 'This browser has no WebRTC'
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
      <p className="muted">{message}</p>
      <button type="button" onClick={() => location.reload()}>
        Try again
      </button>
    </div>
  )
}

function Stopped({ message }: { message: string }) {
  return (
    <div role="alert">
      <h2>This peer has stopped</h2>
      <p>{message}.</p>
      <button type="button" onClick={() => location.reload()}>
        Start again
      </button>
    </div>
  )
}
