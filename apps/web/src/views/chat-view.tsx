import {
  type FormEvent,
  Fragment,
  memo,
  type UIEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { keep, kept } from '../browser-storage.ts'
import { type ChatMessage, NAME_MAX } from '../chat-message.ts'
import { type Draft, type Drafts, draftOf, withDraft, withReturned } from '../drafts.ts'
import { LOBBY, TOPIC_NAME_MAX } from '../kept-topics.ts'
import { Swatch } from '../peer-name.tsx'
import { ReadingPlace } from '../reading-place.ts'
import { counted, reasonText, shortId, timeText } from '../text.ts'
import { Unread } from '../unread.tsx'
import type { ViewProps } from './view.ts'

const NAME_KEY = 'hyphae:name'

export function ChatView({ session, state }: ViewProps) {
  const topics = [...state.messagesByTopic.keys()]
  const [chosen, setChosen] = useState(LOBBY)
  const [drafts, setDrafts] = useState<Drafts>(new Map())
  const topic = topics.includes(chosen) ? chosen : LOBBY
  useEffect(() => session.readTopic(topic), [session, topic])
  const messages = state.messagesByTopic.get(topic) ?? []
  const join = (name: string) => {
    session.joinTopic(name)
    setChosen(name)
  }
  const say = (name: string, text: string) => {
    const change = (draft: Partial<Draft>) => setDrafts((before) => withDraft(before, topic, draft))
    const isLinked = (state.snapshot?.links.length ?? 0) > 0
    change({ text: '', note: isLinked ? 'Sending…' : 'Waiting for a link…' })
    session.say(topic, name, text).then(
      (recipients) =>
        change({
          note: recipients === 0 ? 'Nobody is listening yet.' : `Handed to ${counted(recipients, 'link')}.`,
        }),
      (error: unknown) => {
        change({ note: `Not sent: ${reasonText(error)}` })
        setDrafts((before) => withReturned(before, topic, text))
      },
    )
  }
  return (
    <section className="chat" aria-labelledby="chat-title">
      <h2 id="chat-title">Messages</h2>
      <TopicBar
        topics={topics}
        topic={topic}
        unreadByTopic={state.unreadByTopic}
        onOpen={setChosen}
        onJoin={join}
        onLeave={() => session.leaveTopic(topic)}
      />
      {/* Another topic is read from its end. */}
      <MessageList key={topic} topic={topic} messages={messages} me={state.peer?.id} />
      <Composer
        draft={draftOf(drafts, topic)}
        onType={(text) => setDrafts((before) => withDraft(before, topic, { text }))}
        onSay={say}
      />
    </section>
  )
}

interface MessageListProps {
  readonly topic: string
  readonly messages: readonly ChatMessage[]
  readonly me: string | undefined
}

/** Drawn again when somebody has said something, not with every key that is typed below it. */
const MessageList = memo(({ topic, messages, me }: MessageListProps) => {
  const { frame, list, onScroll, isBehind, toEnd } = useFollowing(messages.at(-1), me)
  return (
    <div ref={frame} className="reading" tabIndex={-1}>
      <ol
        ref={list}
        className="messages"
        data-testid="messages"
        aria-label={`Messages in ${topic}`}
        aria-live="polite"
        onScroll={onScroll}
      >
        {messages.length === 0 && (
          <li className="muted">
            Nothing has been said in “<bdi>{topic}</bdi>” since you came.
          </li>
        )}
        {messages.map((message) => (
          <li key={message.id} className={message.from === me ? 'mine' : ''}>
            <Swatch id={message.from} />
            <strong title={message.from} dir="auto">
              {message.name || shortId(message.from)}
            </strong>{' '}
            <span className="muted">
              {timeText(message.at)}
              {message.hops > 0 && ` · ${counted(message.hops, 'hop')}`}
            </span>
            <p dir="auto">{message.text}</p>
          </li>
        ))}
      </ol>
      {isBehind && (
        <button type="button" className="newer" onClick={toEnd}>
          Newer messages
        </button>
      )}
    </div>
  )
})

/** The page around the list stays where it is. */
function useFollowing(newest: ChatMessage | undefined, me: string | undefined) {
  const frame = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLOListElement>(null)
  const [place] = useState(() => new ReadingPlace(me))
  const [isBehind, setIsBehind] = useState(false)
  useLayoutEffect(() => {
    const shown = place.shows(newest)
    if (list.current && shown !== null)
      list.current.scrollTop = shown === 'end' ? list.current.scrollHeight : shown
    setIsBehind(place.isBehind)
  }, [newest, place])
  const onScroll = ({ currentTarget }: UIEvent<HTMLElement>) => {
    place.scrolled(currentTarget)
    setIsBehind(place.isBehind)
  }
  const toEnd = () => {
    // The button goes away; the next Tab leads to what follows the list.
    frame.current?.focus()
    list.current?.scrollTo(0, list.current.scrollHeight)
  }
  return { frame, list, onScroll, isBehind, toEnd }
}

interface TopicBarProps {
  readonly topics: readonly string[]
  readonly topic: string
  readonly unreadByTopic: ReadonlyMap<string, number>
  readonly onOpen: (name: string) => void
  readonly onJoin: (name: string) => void
  /** The open one. */
  readonly onLeave: () => void
}

function TopicBar({ topics, topic, unreadByTopic, onOpen, onJoin, onLeave }: TopicBarProps) {
  const [name, setName] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const chips = useRef<HTMLDivElement>(null)
  const leave = () => {
    // The button goes away with the topic, and the lobby, the first of them, opens in its place.
    chips.current?.querySelector('button')?.focus()
    onLeave()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    field.current?.focus()
    if (name.trim() !== '') onJoin(name.trim())
    setName('')
  }
  return (
    <div className="row">
      <div ref={chips} className="row topics">
        {topics.map((each) => (
          <Fragment key={each}>
            <TopicChip
              name={each}
              isOpen={each === topic}
              unread={unreadByTopic.get(each) ?? 0}
              onOpen={() => onOpen(each)}
            />
            {each === topic && each !== LOBBY && (
              <button type="button" className="quiet" onClick={leave}>
                Leave<span className="hidden"> {each}</span>
              </button>
            )}
          </Fragment>
        ))}
      </div>
      <form onSubmit={submit} className="row">
        <input
          ref={field}
          aria-label="Topic to join"
          placeholder="another topic"
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={TOPIC_NAME_MAX}
        />
        <button type="submit" disabled={name.trim() === ''}>
          Join
        </button>
      </form>
    </div>
  )
}

interface TopicChipProps {
  readonly name: string
  readonly isOpen: boolean
  readonly unread: number
  readonly onOpen: () => void
}

function TopicChip({ name, isOpen, unread, onOpen }: TopicChipProps) {
  const chip = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    // Where there are many, one that was joined just now is the last, below what is seen of them.
    if (isOpen) chip.current?.scrollIntoView({ block: 'nearest' })
  }, [isOpen])
  return (
    <button ref={chip} type="button" className="chip" aria-pressed={isOpen} onClick={onOpen}>
      # <bdi>{name}</bdi>
      <Unread count={unread} />
    </button>
  )
}

interface ComposerProps {
  readonly draft: Draft
  readonly onType: (text: string) => void
  readonly onSay: (name: string, text: string) => void
}

function Composer({ draft: { text, note }, onType, onSay }: ComposerProps) {
  const [name, setName] = useState(() => kept(NAME_KEY) ?? '')
  const field = useRef<HTMLInputElement>(null)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() === '') return
    // The button cannot keep the focus: with nothing to send it is disabled.
    field.current?.focus()
    onSay(name.trim(), text.trim())
  }
  const rename = (value: string) => {
    setName(value)
    keep(NAME_KEY, value)
  }
  return (
    <form onSubmit={submit} className="composer">
      <input
        aria-label="Your name"
        placeholder="your name"
        value={name}
        onChange={(event) => rename(event.target.value)}
        maxLength={NAME_MAX}
      />
      <input
        ref={field}
        aria-label="Message"
        dir="auto"
        placeholder="say something"
        value={text}
        onChange={(event) => onType(event.target.value)}
      />
      <button type="submit" disabled={text.trim() === ''}>
        Send
      </button>
      <p className="muted note" role="status">
        {note}
      </p>
    </form>
  )
}
