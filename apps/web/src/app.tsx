import {
  Activity,
  type ComponentType,
  memo,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import { Icon } from './icon.tsx'
import type { PeerSession, SessionState } from './peer-session.ts'
import { counted, shortId, statusText } from './text.ts'
import { Unread } from './unread.tsx'
import { ChatView } from './views/chat-view.tsx'
import { InviteView } from './views/invite-view.tsx'
import { NetworkView } from './views/network-view.tsx'
import { SettingsView } from './views/settings-view.tsx'
import { StartView } from './views/start-view.tsx'
import { StoreView } from './views/store-view.tsx'
import { TimelineView } from './views/timeline-view.tsx'
import type { ViewProps } from './views/view.ts'

const VIEWS = [
  { id: 'network', title: 'Network', view: NetworkView },
  { id: 'chat', title: 'Messages', view: ChatView },
  { id: 'store', title: 'Store', view: StoreView },
  { id: 'timeline', title: 'Timeline', view: TimelineView },
  { id: 'invite', title: 'Invite', view: InviteView },
  { id: 'settings', title: 'Settings', view: SettingsView },
] as const

type ViewId = (typeof VIEWS)[number]['id']

export function App({ session }: { session: PeerSession }) {
  const state = useSyncExternalStore(session.subscribe, session.getState)
  const view = useSyncExternalStore(followAddress, viewOfAddress)
  const [opened, setOpened] = useState<ReadonlySet<ViewId>>(new Set([view]))
  if (!opened.has(view)) setOpened(new Set(opened).add(view))
  const main = useRef<HTMLElement>(null)
  const unread = [...state.unreadByTopic.values()].reduce((sum, count) => sum + count, 0)
  useEffect(() => {
    // Where another tab is in front, the name of this one tells of messages.
    document.title = unread === 0 ? 'Hyphae' : `(${unread}) Hyphae`
  }, [unread])
  const { phase } = state
  if (phase.phase !== 'running') return <StartView phase={phase} session={session} state={state} />
  // An entry of the history each: going back from a view leads to the last one, not away from the page and its links.
  const open = (id: ViewId) => {
    location.hash = id
  }
  const dismiss = () => {
    // The button goes away; the next Tab leads into the view.
    main.current?.focus()
    session.dismissProblems()
  }
  return (
    <div className="app">
      <Header state={state} />
      <nav aria-label="Views">
        {VIEWS.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            aria-current={id === view ? 'page' : undefined}
            onClick={() => open(id)}
          >
            <Icon name={id} />
            <span>{title}</span>
            {id === 'chat' && <Unread count={unread} />}
          </button>
        ))}
      </nav>
      <main ref={main} tabIndex={-1}>
        <Problems state={state} onDismiss={dismiss} />
        {VIEWS.filter(({ id }) => opened.has(id)).map(({ id, view: View }) => (
          <KeptView key={id} view={View} isShown={id === view} session={session} state={state} />
        ))}
      </main>
    </div>
  )
}

interface KeptViewProps extends ViewProps {
  readonly view: ComponentType<ViewProps>
  readonly isShown: boolean
}

/** What was typed or got in a view, an invite that waits for its answer too, is there when people come back to it. */
const KeptView = memo(
  ({ view: View, isShown, session, state }: KeptViewProps) => {
    useLayoutEffect(() => {
      // A view begins at its top, however far the last one was scrolled.
      if (isShown) scrollTo(0, 0)
    }, [isShown])
    return (
      <Activity mode={isShown ? 'visible' : 'hidden'}>
        <View session={session} state={state} />
      </Activity>
    )
  },
  // Nobody sees a hidden view: it is drawn again when it is shown.
  (before, after) => !before.isShown && !after.isShown,
)

function Header({ state }: { state: SessionState }) {
  const { peer, snapshot, settings } = state
  const links = snapshot?.links.length ?? 0
  return (
    <header>
      <h1>
        <Icon name="hyphae" /> Hyphae
      </h1>
      <p className="status" data-testid="status" data-status={snapshot?.status ?? 'alone'} aria-live="polite">
        <span className="dot" aria-hidden="true" /> {statusText(snapshot?.status ?? 'alone')} ·{' '}
        {counted(links, 'link')}
      </p>
      <p className="me">
        <span className="muted">network</span>{' '}
        <bdi className="network" title={settings.network}>
          {settings.network}
        </bdi>{' '}
        <span className="muted">· me</span>{' '}
        <code data-testid="my-id" data-id={peer?.id} title={peer?.id}>
          {peer ? shortId(peer.id) : ''}
        </code>
      </p>
    </header>
  )
}

function Problems({ state, onDismiss }: { state: SessionState; onDismiss: () => void }) {
  if (state.problems.length === 0) return null
  return (
    <div className="problems" role="alert">
      <ul>
        {state.problems.map(({ code, message }) => (
          <li key={`${code}${message}`}>
            {message} <code className="muted">{code}</code>
          </li>
        ))}
      </ul>
      <button type="button" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  )
}

function followAddress(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

function viewOfAddress(): ViewId {
  const wanted = location.hash.slice(1)
  return VIEWS.find(({ id }) => id === wanted)?.id ?? 'network'
}
