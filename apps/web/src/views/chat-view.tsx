import { type FormEvent, useEffect, useRef, useState } from 'react'
import { NAME_MAX, TEXT_MAX } from '../chat-message.ts'
import { errorText, hueOf, shortId, timeText } from '../text.ts'
import type { ViewProps } from './view.ts'

const NAME_KEY = 'hyphae:name'

export function ChatView({ session, state }: ViewProps) {
  const topics = Object.keys(state.messagesByTopic)
  const [topic, setTopic] = useState('lobby')
  const messages = state.messagesByTopic[topic] ?? []
  const end = useRef<HTMLLIElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list scrolls when it grows
  useEffect(() => {
    // A block body: newer browsers return a promise here, which React would take for a clean-up.
    end.current?.scrollIntoView({ block: 'nearest' })
  }, [messages.length])
  const join = (name: string) => {
    session.joinTopic(name)
    setTopic(name)
  }
  return (
    <section className="chat" aria-labelledby="chat-title">
      <h2 id="chat-title">Messages</h2>
      <TopicBar topics={topics} topic={topic} onOpen={setTopic} onJoin={join} />
      <ol className="messages" data-testid="messages" aria-live="polite">
        {messages.length === 0 && (
          <li className="muted">Nothing has been said in “{topic}” since you came.</li>
        )}
        {messages.map((message) => (
          <li key={message.id} className={message.from === state.peer?.id ? 'mine' : ''}>
            <span
              className="swatch"
              style={{ '--hue': hueOf(message.from) } as React.CSSProperties}
              aria-hidden="true"
            />
            <strong title={message.from}>{message.name || shortId(message.from)}</strong>{' '}
            <span className="muted">
              {timeText(message.at)}
              {message.hops > 0 && ` · ${message.hops} ${message.hops === 1 ? 'hop' : 'hops'}`}
            </span>
            <p>{message.text}</p>
          </li>
        ))}
        <li ref={end} aria-hidden="true" />
      </ol>
      <Composer onSay={(name, text) => session.say(topic, name, text)} />
    </section>
  )
}

interface TopicBarProps {
  readonly topics: readonly string[]
  readonly topic: string
  readonly onOpen: (name: string) => void
  readonly onJoin: (name: string) => void
}

function TopicBar({ topics, topic, onOpen, onJoin }: TopicBarProps) {
  const [name, setName] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() !== '') onJoin(name.trim())
    setName('')
  }
  return (
    <div className="row">
      {topics.map((each) => (
        <button
          key={each}
          type="button"
          className="chip"
          aria-pressed={each === topic}
          onClick={() => onOpen(each)}
        >
          # {each}
        </button>
      ))}
      <form onSubmit={submit} className="row">
        <input
          aria-label="Topic to join"
          placeholder="another topic"
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={60}
        />
        <button type="submit" disabled={name.trim() === ''}>
          Join
        </button>
      </form>
    </div>
  )
}

function Composer({ onSay }: { onSay: (name: string, text: string) => Promise<number> }) {
  const [name, setName] = useState(() => localStorage.getItem(NAME_KEY) ?? '')
  const [text, setText] = useState('')
  const [note, setNote] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() === '') return
    setNote('Waiting for a link…')
    onSay(name.trim(), text.trim())
      .then((recipients) =>
        setNote(
          recipients === 0
            ? 'Nobody is listening yet.'
            : `Handed to ${recipients} ${recipients === 1 ? 'link' : 'links'}.`,
        ),
      )
      .catch((error: unknown) => setNote(errorText(error)))
    setText('')
  }
  const rename = (value: string) => {
    setName(value)
    localStorage.setItem(NAME_KEY, value)
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
        aria-label="Message"
        placeholder="say something"
        value={text}
        onChange={(event) => setText(event.target.value)}
        maxLength={TEXT_MAX}
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
