import type { TimelineEntry } from 'hyphae'
import { useState } from 'react'
import { PeerName } from '../peer-name.tsx'
import { durationText, timeText } from '../text.ts'
import type { ViewProps } from './view.ts'

interface History {
  readonly attempt: string
  readonly peer: string | null
  readonly steps: readonly TimelineEntry[]
}

/** What happened on every try to link, newest first: where a link that does not come stopped. */
export function TimelineView({ state }: ViewProps) {
  const [failedOnly, setFailedOnly] = useState(false)
  const histories = historiesOf(state.timeline).filter(({ steps }) => !failedOnly || steps.some(isFailure))
  return (
    <section aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline of links</h2>
      <label className="row">
        <input
          type="checkbox"
          checked={failedOnly}
          onChange={(event) => setFailedOnly(event.target.checked)}
        />{' '}
        only those that failed
      </label>
      {histories.length === 0 && (
        <p className="muted">
          {failedOnly ? 'No try has failed.' : 'Nothing yet: no peer was dialed, and none dialed us.'}
        </p>
      )}
      <ol className="plain timeline" data-testid="timeline">
        {histories.map((history) => (
          <Attempt key={history.attempt} history={history} />
        ))}
      </ol>
    </section>
  )
}

function Attempt({ history: { peer, steps } }: { history: History }) {
  const began = steps[0]?.at ?? 0
  return (
    <li>
      <h3>
        {peer === null ? <code>invite</code> : <PeerName id={peer} />}{' '}
        <span className="muted">{timeText(began)}</span>
      </h3>
      <ol className="steps">
        {steps.map((step) => (
          <li
            key={`${step.stage}${step.at}`}
            className={isFailure(step) ? 'bad' : step.stage === 'open' ? 'good' : ''}
          >
            <span>{step.stage}</span>{' '}
            <span className="muted">
              {step.detail && `${step.detail} `}+{durationText(step.at - began)}
            </span>
          </li>
        ))}
      </ol>
    </li>
  )
}

function isFailure({ stage }: TimelineEntry): boolean {
  return stage.startsWith('failed') || stage === 'refused'
}

function historiesOf(timeline: readonly TimelineEntry[]): History[] {
  const byAttempt = new Map<string, { attempt: string; peer: string | null; steps: TimelineEntry[] }>()
  for (const entry of timeline) {
    const history = byAttempt.get(entry.attempt) ?? { attempt: entry.attempt, peer: entry.peer, steps: [] }
    history.peer ??= entry.peer
    history.steps.push(entry)
    byAttempt.set(entry.attempt, history)
  }
  return [...byAttempt.values()].reverse()
}
