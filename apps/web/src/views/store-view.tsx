import type { HyphaePeer } from 'hyphae'
import { type FormEvent, useState } from 'react'
import { counted, errorText, hueOf, shortId } from '../text.ts'
import { typedValue } from '../typed-value.ts'
import type { ViewProps } from './view.ts'

interface Shown {
  readonly text: string
  readonly key?: string
  /** Why it is not known who holds the value. */
  readonly problem?: string
}

export function StoreView({ state }: ViewProps) {
  const { peer } = state
  if (peer === null) return null
  return <StoreForms peer={peer} />
}

function StoreForms({ peer }: { peer: HyphaePeer }) {
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const [busy, setBusy] = useState<'' | 'put' | 'get' | 'holders'>('')
  const [shown, setShown] = useState<Shown | null>(null)
  const [holders, setHolders] = useState<readonly { peer: string; holds: boolean }[] | null>(null)
  const isBusy = busy !== ''
  const run = (what: typeof busy, work: () => Promise<Shown>) => {
    if (isBusy) return
    setBusy(what)
    setHolders(null)
    work()
      .catch((error: unknown): Shown => ({ text: errorText(error) }))
      .then((result) => {
        setShown(result)
        setBusy('')
      }, console.error)
  }
  const put = (event: FormEvent) => {
    event.preventDefault()
    run('put', () => putValue(peer, name, value))
  }
  const showHolders = async ({ text }: Shown, key: string): Promise<Shown> => {
    try {
      setHolders(await peer.store.holders(key))
      return { text, key }
    } catch (error) {
      return { text, key, problem: errorText(error) }
    }
  }
  return (
    <section aria-labelledby="store-title">
      <h2 id="store-title">Store</h2>
      <p className="muted">
        A named value, kept by the peers whose ids are closest to its key. Anybody in this network can write
        it; the last writer wins.
      </p>
      <form onSubmit={put} className="stack">
        <label>
          Name{' '}
          <input
            value={name}
            onChange={(event) => setName(event.target.value)}
            placeholder="user:1001"
            maxLength={100}
            required
          />
        </label>
        <label>
          Value{' '}
          <textarea
            value={value}
            onChange={(event) => setValue(event.target.value)}
            rows={3}
            dir="auto"
            maxLength={6000}
            placeholder="text or JSON"
          />
        </label>
        <div className="row">
          <button type="submit" aria-disabled={isBusy} disabled={name === ''}>
            Put
          </button>
          <button
            type="button"
            aria-disabled={isBusy}
            disabled={name === ''}
            onClick={() => run('get', () => getValue(peer, name))}
          >
            Get
          </button>
          {isBusy && <progress aria-label="Working" />}
        </div>
      </form>
      {shown && (
        <div className="result" data-testid="store-result" role="status">
          <pre>{shown.text}</pre>
          {shown.key && (
            <button
              type="button"
              aria-disabled={isBusy}
              onClick={() => run('holders', () => showHolders(shown, shown.key as string))}
            >
              Who holds it?
            </button>
          )}
          {shown.problem && <p className="muted">Who holds it is not known: {shown.problem}</p>}
        </div>
      )}
      {holders && <Holders holders={holders} me={peer.id} />}
    </section>
  )
}

function Holders({ holders, me }: { holders: readonly { peer: string; holds: boolean }[]; me: string }) {
  const count = holders.filter(({ holds }) => holds).length
  return (
    <div data-testid="holders">
      <h3>
        {count} of the {counted(holders.length, 'closest peer')} {count === 1 ? 'holds' : 'hold'} it
      </h3>
      <ol className="plain holders">
        {holders.map(({ peer, holds }) => (
          <li key={peer}>
            <span
              className="swatch"
              style={{ '--hue': hueOf(peer) } as React.CSSProperties}
              aria-hidden="true"
            />
            <code title={peer}>{shortId(peer)}</code> {peer === me && '(me) '}
            <span className={`badge ${holds ? 'open' : 'down'}`}>{holds ? 'holds it' : 'does not'}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}

async function putValue(peer: HyphaePeer, name: string, text: string): Promise<Shown> {
  const { stored, wanted, key } = await peer.store.put(name, typedValue(text))
  return { text: `Stored on ${stored} of ${counted(wanted, 'peer')} so far.`, key }
}

async function getValue(peer: HyphaePeer, name: string): Promise<Shown> {
  const found = await peer.store.find(name)
  if (found === undefined) return { text: `Nothing is stored as “${name}”.` }
  const value = typeof found.value === 'string' ? found.value : JSON.stringify(found.value, null, 2)
  const from =
    found.holder === peer.id ? 'this peer' : `${shortId(found.holder)}, ${counted(found.hops, 'hop')} away`
  return {
    text: `${value}\n\nwritten by ${shortId(found.author ?? '')}, answered by ${from}`,
    key: found.key,
  }
}
