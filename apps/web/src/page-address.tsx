import { addressOf, type Settings } from './settings.ts'

/** The address under which others meet this peer: to be opened in another tab, or copied into another browser. */
export function PageAddress({ settings }: { settings: Settings }) {
  const address = addressOf(settings, location)
  return (
    <a href={address} target="_blank" rel="noreferrer">
      <code>{address}</code>
    </a>
  )
}
