import type { LinkSnapshot } from 'hyphae'
import { useRef } from 'react'
import { PageAddress } from '../page-address.tsx'
import { PeerName } from '../peer-name.tsx'
import { areServersSilent } from '../problems.ts'
import { bytesText, counted, peersText, roundTripText, shortId } from '../text.ts'
import { TopologyPicture } from './topology-picture.tsx'
import type { ViewProps } from './view.ts'

export function NetworkView({ session, state }: ViewProps) {
  const { snapshot, servers, peer } = state
  const links = snapshot?.links ?? []
  const title = useRef<HTMLHeadingElement>(null)
  const cut = (id: string) => {
    // The row goes away with its button.
    title.current?.focus()
    void peer?.unlink(id)
  }
  return (
    <>
      <section aria-labelledby="topology-title">
        <h2 id="topology-title">Topology</h2>
        {links.length === 0 ? <Empty state={state} /> : <TopologyPicture session={session} state={state} />}
      </section>
      <section aria-labelledby="peers-title">
        <h2 id="peers-title" ref={title} tabIndex={-1}>
          Linked peers
        </h2>
        {links.length === 0 ? (
          <p className="muted">
            None yet. Open this page in another tab or browser, or <a href="#invite">send an invite</a>.
          </p>
        ) : (
          <PeerTable links={links} onUnlink={cut} />
        )}
      </section>
      <section aria-labelledby="servers-title">
        <h2 id="servers-title">Introducers</h2>
        <ul className="plain">
          {servers.map(({ url, state: reached, detail }) => (
            <li key={url}>
              <span className={`badge ${reached}`}>{reached}</span>{' '}
              {url === 'tabs' ? 'other tabs of this browser' : <code>{url}</code>}{' '}
              <span className="muted">{detail}</span>
            </li>
          ))}
        </ul>
      </section>
      {snapshot && (
        <section aria-labelledby="figures-title">
          <h2 id="figures-title">This peer</h2>
          <dl className="figures">
            <Figure name="Network" value={peersText(snapshot.networkSize, snapshot.siblings.length)} />
            <Figure
              name="Contacts"
              value={`${snapshot.contacts} in ${counted(snapshot.buckets, 'bucket')}`}
            />
            <Figure
              name="Records held"
              value={`${snapshot.records.held} (${bytesText(snapshot.records.bytes)}), ${snapshot.records.own} own`}
            />
            <Figure
              name="Routed for others"
              value={`${snapshot.routed.forwarded} forwarded, ${snapshot.routed.answered} answered`}
            />
            <Figure
              name="Messages"
              value={`${snapshot.gossip.first} received once, ${counted(snapshot.gossip.copies, 'copy', 'copies')}`}
            />
          </dl>
        </section>
      )}
    </>
  )
}

function Empty({ state }: { state: ViewProps['state'] }) {
  const isSilent = areServersSilent(state.servers)
  return (
    <div className="empty" data-testid="empty">
      <p>
        {isSilent
          ? 'No signaling server answers. Linking goes on as soon as one does, or by an invite.'
          : 'Waiting for other peers.'}
      </p>
      <p className="muted">
        Open <PageAddress settings={state.settings} />{' '}
        {isSilent ? 'in a second tab of this browser.' : 'in a second tab or another browser.'}
      </p>
    </div>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function PeerTable({ links, onUnlink }: { links: readonly LinkSnapshot[]; onUnlink: (id: string) => void }) {
  return (
    <div className="scroll">
      <table data-testid="peers">
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col">State</th>
            <th scope="col">Wanted as</th>
            <th scope="col">Signaled by</th>
            <th scope="col" className="number">
              Round trip
            </th>
            <th scope="col" className="number">
              Sent
            </th>
            <th scope="col" className="number">
              Received
            </th>
            <th scope="col">
              <span className="hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {links.map((link) => (
            <tr key={link.peer} data-peer={link.peer}>
              <td>
                <PeerName id={link.peer} />
                {link.hidden && <span className="muted"> hidden tab</span>}
              </td>
              <td>
                <span className={`badge ${link.state}`}>{link.state}</span>
              </td>
              <td
                data-label="Wanted as"
                title={`by us: ${link.ours.join(', ') || 'nothing'}; by them: ${link.theirs.join(', ') || 'nothing'}`}
              >
                {[...new Set([...link.ours, ...link.theirs])].join(', ') || 'nobody'}
              </td>
              <td data-label="Signaled by">{link.signalingPath}</td>
              <td className="number" data-label="Round trip">
                {roundTripText(link.roundTripMs)}
              </td>
              <td className="number" data-label="Sent">
                {bytesText(link.bytesSent)}
              </td>
              <td className="number" data-label="Received">
                {bytesText(link.bytesReceived)}
              </td>
              <td className="action">
                <button
                  type="button"
                  className="quiet"
                  onClick={() => onUnlink(link.peer)}
                  title="Cut this link; it may come back"
                >
                  Cut<span className="hidden"> the link to {shortId(link.peer)}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
