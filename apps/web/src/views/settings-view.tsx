import { type FormEvent, useState } from 'react'
import { formatIceServers, ownServer, saveSettings, settingsOfTexts } from '../settings.ts'
import { reasonText } from '../text.ts'
import type { ViewProps } from './view.ts'

export function SettingsView({ state }: Pick<ViewProps, 'state'>) {
  const { settings } = state
  const [network, setNetwork] = useState(settings.network)
  const [servers, setServers] = useState(settings.servers.join('\n'))
  const [iceServers, setIceServers] = useState(formatIceServers(settings.iceServers))
  const [linksMax, setLinksMax] = useState(String(settings.linksMax))
  const [problem, setProblem] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    try {
      saveSettings(settingsOfTexts({ network, servers, iceServers, linksMax }))
      // The network's name is part of the identity, so a new peer starts.
      location.href = location.pathname
    } catch (error) {
      setProblem(reasonText(error))
    }
  }
  return (
    <section aria-labelledby="settings-title">
      <h2 id="settings-title">Settings</h2>
      <form onSubmit={submit} className="stack">
        <label>
          Network{' '}
          <input
            value={network}
            onChange={(event) => setNetwork(event.target.value)}
            maxLength={100}
            required
          />
          <small>Peers of different networks never meet.</small>
        </label>
        <label>
          Signaling servers, one a line{' '}
          <textarea
            rows={2}
            value={servers}
            onChange={(event) => setServers(event.target.value)}
            placeholder={ownServer()}
          />
          <small>Asked for first contacts only. Empty: the server of this page.</small>
        </label>
        <label>
          STUN and TURN servers, one a line{' '}
          <textarea
            rows={3}
            value={iceServers}
            onChange={(event) => setIceServers(event.target.value)}
            placeholder={'stun:stun.example.org:3478\nturn:turn.example.org:3478 user password'}
          />
          <small>Needed between different networks. None: links work inside one network.</small>
        </label>
        <label>
          Links at most{' '}
          <input
            type="number"
            min={1}
            max={50}
            value={linksMax}
            onChange={(event) => setLinksMax(event.target.value)}
            required
          />
        </label>
        {problem !== '' && (
          <p role="alert" className="error">
            {problem}
          </p>
        )}
        <div>
          <button type="submit">Save and start again</button>
        </div>
      </form>
    </section>
  )
}
