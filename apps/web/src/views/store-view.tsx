import type { HyphaePeer } from 'hyphae'
import { type FormEvent, useState } from 'react'
import { PeerName } from '../peer-name.tsx'
import { type ShownValue, shownValue } from '../shown-value.ts'
import { counted, reasonText, shortId } from '../text.ts'
import { typedValue } from '../typed-value.ts'
import type { ViewProps } from './view.ts'

interface Shown {
  /** What the sentence is about: the field may hold another name by now. */
  readonly name: string
  /** The sentence behind the name. */
  readonly text: string
  readonly value?: ShownValue
  readonly key?: string
}

type Holding = readonly { readonly peer: string; readonly holds: boolean }[]

export function StoreView({ state }: Pick<ViewProps, 'state'>) {
  const { peer } = state
  if (peer === null) return null
  return <StoreForms peer={peer} />
}

function StoreForms({ peer }: { peer: HyphaePeer }) {
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const [shown, setShown] = useState<Shown | null>(null)
  /** Or the reason why it is not known. */
  const [holders, setHolders] = useState<Holding | string | null>(null)
  const run = (work: () => Promise<void>) => {
    if (isBusy) return
    setIsBusy(true)
    setHolders(null)
    work().then(() => setIsBusy(false), console.error)
  }
  const put = (event: FormEvent) => {
    event.preventDefault()
    run(async () => setShown(await putValue(peer, name, value)))
  }
  const get = () => run(async () => setShown(await getValue(peer, name)))
  const askHolders = (key: string) =>
    run(async () => setHolders(await peer.store.holders(key).catch(reasonText)))
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
            placeholder="text or JSON"
          />
        </label>
        <div className="row">
          <button type="submit" aria-disabled={isBusy} disabled={name === ''}>
            Put
          </button>
          <button type="button" aria-disabled={isBusy} disabled={name === ''} onClick={get}>
            Get
          </button>
          {isBusy && <progress aria-label="Working" />}
        </div>
      </form>
      {/* There from the start: what is put into a new place is not always read aloud. */}
      <div className="result" data-testid="store-result" role="status">
        {shown && <Result shown={shown} />}
      </div>
      {shown?.key && (
        <button type="button" aria-disabled={isBusy} onClick={() => askHolders(shown.key as string)}>
          Who holds it?
        </button>
      )}
      <div role="status">
        {typeof holders === 'string' && <p className="muted">Who holds it is not known: {holders}</p>}
        {typeof holders === 'object' && holders && <Holders holders={holders} me={peer.id} />}
      </div>
    </section>
  )
}

/** The value by itself: whoever wrote it cannot say in it who did. */
function Result({ shown: { name, text, value } }: { shown: Shown }) {
  return (
    <>
      <p>
        “<bdi>{name}</bdi>” {text}
      </p>
      {value && value.text !== '' && <pre dir={value.kind === 'text' ? 'auto' : 'ltr'}>{value.text}</pre>}
    </>
  )
}

function Holders({ holders, me }: { holders: Holding; me: string }) {
  const count = holders.filter(({ holds }) => holds).length
  return (
    <div data-testid="holders">
      <h3>
        {count} of the {counted(holders.length, 'closest peer')} {count === 1 ? 'holds' : 'hold'} it
      </h3>
      <ol className="plain holders">
        {holders.map(({ peer, holds }) => (
          <li key={peer}>
            <PeerName id={peer} /> {peer === me && '(me) '}
            <span className={`badge ${holds ? 'open' : 'down'}`}>{holds ? 'holds it' : 'does not'}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}

async function putValue(peer: HyphaePeer, name: string, text: string): Promise<Shown> {
  try {
    const { stored, wanted, key } = await peer.store.put(name, typedValue(text))
    return { name, text: `is stored on ${stored} of ${counted(wanted, 'peer')} so far.`, key }
  } catch (error) {
    return { name, text: `was not stored: ${reasonText(error)}` }
  }
}

async function getValue(peer: HyphaePeer, name: string): Promise<Shown> {
  try {
    const found = await peer.store.find(name)
    if (found === undefined) return { name, text: 'is not stored.' }
    const value = shownValue(found.value)
    const { author, holder, hops, key } = found
    const writer = author === peer.id ? 'this peer' : shortId(author ?? '')
    const from = holder === peer.id ? 'this peer' : `${shortId(holder)}, ${counted(hops, 'hop')} away`
    return { name, text: `is ${value.kind}, written by ${writer}, answered by ${from}.`, value, key }
  } catch (error) {
    return { name, text: `was not got: ${reasonText(error)}` }
  }
}
