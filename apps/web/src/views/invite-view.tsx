import { HyphaeError, type HyphaePeer, type Invite, type TimelineEntry } from 'hyphae'
import { type RefObject, useCallback, useEffect, useId, useRef, useState } from 'react'
import { carriedText } from '../carried-text.ts'
import { fateOf, unlinkedText } from '../invite-fate.ts'
import { PageAddress } from '../page-address.tsx'
import { errorText } from '../text.ts'
import type { ViewProps } from './view.ts'

/** Minutes an invite is good for, as the WebRTC transport has it. Browsers give up an answer before: Chromium after four. */
const GOOD_MINUTES = 10

/** Links two browsers without any server: one text there, one text back. */
export function InviteView({ state: { peer, settings, timeline } }: ViewProps) {
  if (peer === null) return null
  return (
    <section aria-labelledby="invite-title">
      <h2 id="invite-title">Invite by text</h2>
      <p className="muted">
        Links two browsers without any server: send a text, get one back. Use any chat, mail or a USB stick.
        Where both reach a signaling server, opening <PageAddress settings={settings} /> is enough.
      </p>
      <div className="columns">
        <Inviting peer={peer} timeline={timeline} />
        <Invited peer={peer} timeline={timeline} />
      </div>
    </section>
  )
}

interface SideProps {
  readonly peer: HyphaePeer
  readonly timeline: readonly TimelineEntry[]
}

function Inviting({ peer, timeline }: SideProps) {
  const [invite, setInvite] = useState<Invite | null>(null)
  const [answer, setAnswer] = useState('')
  const { note, setNote, run } = useNote()
  const used = useRef<HTMLDivElement>(null)
  const creating = useRef<HTMLButtonElement>(null)
  const create = async () => {
    setInvite(await peer.createInvite())
    return `Give the text to one other person. It waits for ${GOOD_MINUTES} minutes.`
  }
  const end = useCallback(() => {
    keepFocus(used, creating)
    setInvite(null)
    setAnswer('')
  }, [])
  const complete = async (waiting: Invite) => {
    try {
      await waiting.complete(carriedText(answer))
    } catch (error) {
      // Another answer may be the right one, unless this one was, and led to nothing.
      if (!(error instanceof HyphaeError) || error.code === 'INVITE_INVALID') throw error
      end()
      return unlinkedText(error)
    }
    end()
    return 'Linked.'
  }
  const fate = invite === null ? 'waiting' : fateOf(invite.text, timeline)
  useEffect(() => {
    if (fate !== 'expired') return
    end()
    setNote(`The invite has expired: no answer came within ${GOOD_MINUTES} minutes. Create another one.`)
  }, [fate, end, setNote])
  return (
    <div className="stack">
      <h3>I invite somebody</h3>
      <button ref={creating} type="button" onClick={() => run('Gathering addresses…', create())}>
        Create an invite
      </button>
      {invite && (
        <div ref={used} className="stack">
          <CopyText label="Invite" text={invite.text} testId="invite-text" />
          <label>
            Answer that came back{' '}
            <textarea
              rows={4}
              value={answer}
              onChange={(event) => setAnswer(event.target.value)}
              data-testid="invite-answer"
            />
          </label>
          <button type="button" disabled={answer === ''} onClick={() => run('Linking…', complete(invite))}>
            Link
          </button>
        </div>
      )}
      <p role="status" data-testid="invite-note">
        {note}
      </p>
    </div>
  )
}

interface Reply {
  readonly text: string
  /** What it answers. */
  readonly invite: string
  /** The last step of links before it: an invite that is answered again has the same attempt. */
  readonly since: number
}

function Invited({ peer, timeline }: SideProps) {
  const [received, setReceived] = useState('')
  const [reply, setReply] = useState<Reply | null>(null)
  const { note, setNote, run } = useNote()
  const used = useRef<HTMLDivElement>(null)
  const title = useRef<HTMLHeadingElement>(null)
  const accept = async () => {
    const invite = carriedText(received)
    // Whoever asks twice has the first answer still: there is one for each invite at a time.
    if (reply?.invite !== invite) {
      const text = await peer.acceptInvite(invite)
      setReply({ text, invite, since: peer.timeline().at(-1)?.at ?? 0 })
    }
    return 'Send the answer back to where the invite came from. It is good for a few minutes.'
  }
  const steps = timeline.filter(({ at }) => at > (reply?.since ?? 0))
  const fate = reply === null ? 'waiting' : fateOf(reply.text, steps)
  useEffect(() => {
    if (fate === 'waiting') return
    keepFocus(used, title)
    setReply(null)
    // What failed can be answered once more.
    if (fate !== 'failed') setReceived('')
    setNote(ENDS_OF_ANSWER[fate])
  }, [fate, setNote])
  return (
    <div className="stack">
      <h3 ref={title} tabIndex={-1}>
        I was invited
      </h3>
      <label>
        Invite{' '}
        <textarea
          rows={4}
          value={received}
          onChange={(event) => setReceived(event.target.value)}
          data-testid="invite-received"
        />
      </label>
      <div ref={used} className="stack">
        <button type="button" disabled={received === ''} onClick={() => run('Answering…', accept())}>
          Answer
        </button>
        {reply && <CopyText label="Answer" text={reply.text} testId="invite-reply" />}
      </div>
      <p role="status" data-testid="invited-note">
        {note}
      </p>
    </div>
  )
}

const ENDS_OF_ANSWER = {
  linked: 'Linked: the answer was used.',
  expired: 'The answer has expired: it was not used in time. Ask for another invite.',
  failed: 'No link came of this answer. Answer the invite again, or ask for another one.',
} as const

/** What happens, or the error it ended with. */
function useNote() {
  const [note, setNote] = useState('')
  const run = (busy: string, work: Promise<string>) => {
    setNote(busy)
    work.then(setNote).catch((error: unknown) => setNote(errorText(error)))
  }
  return { note, setNote, run }
}

/** What was used goes away or is disabled; where the focus is in it, it moves to what stays. */
function keepFocus(used: RefObject<HTMLElement | null>, stays: RefObject<HTMLElement | null>): void {
  if (used.current?.contains(document.activeElement)) stays.current?.focus()
}

function CopyText({ label, text, testId }: { label: string; text: string; testId: string }) {
  // The text that was copied: another one is not.
  const [copied, setCopied] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  const id = useId()
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(text),
      // Without permission the text is selected, for people to copy it.
      () => field.current?.focus(),
    )
  }
  return (
    <div>
      <div className="row">
        <label htmlFor={id}>{label}</label>
        <button type="button" className="quiet" onClick={copy}>
          {copied === text ? 'Copied' : 'Copy'}
        </button>
      </div>
      <textarea
        id={id}
        ref={field}
        readOnly
        rows={4}
        value={text}
        data-testid={testId}
        onFocus={(event) => event.target.select()}
      />
    </div>
  )
}
