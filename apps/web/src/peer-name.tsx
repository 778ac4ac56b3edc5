// How a peer is shown everywhere: its colour, and the beginning of its id.

import type { CSSProperties } from 'react'
import { hueOf, shortId } from './text.ts'

export function PeerName({ id }: { id: string }) {
  return (
    <span className="peer">
      <Swatch id={id} />
      <code title={id}>{shortId(id)}</code>
    </span>
  )
}

export function Swatch({ id }: { id: string }) {
  return <span className="swatch" style={{ '--hue': hueOf(id) } as CSSProperties} aria-hidden="true" />
}
