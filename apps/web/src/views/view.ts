import type { PeerSession, SessionState } from '../peer-session.ts'

export interface ViewProps {
  readonly session: PeerSession
  readonly state: SessionState
}
