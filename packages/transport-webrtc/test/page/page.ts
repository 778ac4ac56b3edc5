// What a browser test calls: the suite of transports, run in one page with its far transports in a page of another
// browser. Calls and events go through the test as text.

import {
  type RemoteCall,
  type RemoteNews,
  RemoteTransports,
  serveTransports,
  type TransportPlace,
  type TransportTrial,
  transportSuite,
} from '@hyphae/conformance'
import type { Transport } from '@hyphae/runtime'
import { createWebRtcTransport } from '../../src/index.ts'

/** The test's ways to the other page, in order. */
declare function callFarPage(call: string): Promise<void>
declare function tellNearPage(news: string): Promise<void>

const cases = transportSuite(openPlace, { canCrash: false })
/** Their numbers go on from case to case, as the other page stays. */
const far = new RemoteTransports((call) => void callFarPage(toText(call)))
const handleCall = serveTransports(create, (news) => void tellNearPage(toText(news)))

const api = {
  titles: (): string[] => cases.map(({ title }) => title),

  /** Rejects where the case of this title does not hold. */
  async run(title: string): Promise<void> {
    const found = cases.find((one) => one.title === title)
    if (!found) throw new RangeError(`title is one of the suite; got ${title}`)
    await found.run()
  },

  /** From the page that runs the suite. */
  answer(call: string): void {
    handleCall(fromText(call) as RemoteCall)
  },

  /** From the page with the far transports. */
  hear(news: string): void {
    far.hear(fromText(news) as RemoteNews)
  },
}

async function openPlace(): Promise<TransportPlace> {
  const near: Transport[] = []
  return {
    async near(trial) {
      const transport = create(trial)
      near.push(transport)
      return transport
    },
    far: async (trial) => far.create(trial),
    async close() {
      for (const transport of near) transport.destroy()
      far.destroy()
    },
  }
}

/** Without servers: everything stays on this machine. */
function create(trial?: TransportTrial): Transport {
  return createWebRtcTransport({ iceServers: [], ...trial })
}

/** Bytes become `{ bytes: 'base64' }`. */
function toText(message: unknown): string {
  return JSON.stringify(message, (_, value: unknown) =>
    value instanceof Uint8Array ? { bytes: btoa(Array.from(value, toCharacter).join('')) } : value,
  )
}

function fromText(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    const isEncoded = typeof value === 'object' && value !== null && 'bytes' in value
    const encoded = isEncoded && Object.keys(value).length === 1 ? value.bytes : null
    return typeof encoded === 'string' && key !== '' ? Uint8Array.from(atob(encoded), toByte) : value
  })
}

function toCharacter(byte: number): string {
  return String.fromCharCode(byte)
}

function toByte(character: string): number {
  return character.charCodeAt(0)
}

Object.assign(globalThis, { testPage: api })
