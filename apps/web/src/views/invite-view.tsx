import type { Invite } from 'hyphae'
import { useId, useRef, useState } from 'react'
import { errorText } from '../text.ts'
import type { ViewProps } from './view.ts'

/** Links two browsers without any server: one text there, one text back. */
export function InviteView({ state }: ViewProps) {
  const { peer } = state
  const [invite, setInvite] = useState<Invite | null>(null)
  const [answer, setAnswer] = useState('')
  const [note, setNote] = useState('')
  const [received, setReceived] = useState('')
  const [reply, setReply] = useState('')
  const creating = useRef<HTMLButtonElement>(null)
  if (peer === null) return null
  const run = (busy: string, work: Promise<string>) => {
    setNote(busy)
    work.then(setNote).catch((error: unknown) => setNote(errorText(error)))
  }
  const create = async () => {
    setInvite(await peer.createInvite())
    return 'Give the text to one other person. It waits for 15 minutes.'
  }
  const complete = async (waiting: Invite) => {
    await waiting.complete(answer)
    // The field and the button that were used go away.
    creating.current?.focus()
    setInvite(null)
    setAnswer('')
    return 'Linked.'
  }
  const accept = async () => {
    setReply(await peer.acceptInvite(received))
    return 'Send the answer back to where the invite came from.'
  }
  return (
    <section aria-labelledby="invite-title">
      <h2 id="invite-title">Invite by text</h2>
      <p className="muted">
        Links two browsers without any server: send a text, get one back. Use any chat, mail or a USB stick.
      </p>
      <div className="columns">
        <div className="stack">
          <h3>I invite somebody</h3>
          <button ref={creating} type="button" onClick={() => run('Gathering addresses…', create())}>
            Create an invite
          </button>
          {invite && (
            <>
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
              <button
                type="button"
                disabled={answer === ''}
                onClick={() => run('Linking…', complete(invite))}
              >
                Link
              </button>
            </>
          )}
        </div>
        <div className="stack">
          <h3>I was invited</h3>
          <label>
            Invite{' '}
            <textarea
              rows={4}
              value={received}
              onChange={(event) => setReceived(event.target.value)}
              data-testid="invite-received"
            />
          </label>
          <button type="button" disabled={received === ''} onClick={() => run('Answering…', accept())}>
            Answer
          </button>
          {reply !== '' && <CopyText label="Answer" text={reply} testId="invite-reply" />}
        </div>
      </div>
      <p role="status" data-testid="invite-note">
        {note}
      </p>
    </section>
  )
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
