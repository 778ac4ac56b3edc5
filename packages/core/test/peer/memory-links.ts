// The transport of the harness: connections between participants as an in-memory pipe with a fixed delay, in order.

import type { AttemptId, Channel, Effect, Input, LinkId, LinkRole } from '../../src/contract.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { concatBytes, utf8 } from '../../src/wire/bytes.ts'

/** Milliseconds from one end of a link to the other. */
export const LATENCY_MS = 5
/** Milliseconds to make an offer or an answer. */
const GATHER_MS = 2

/** A peer, or whoever behaves like one. */
export interface Participant {
  readonly contact: Contact
  deliver(input: Input): void
}

interface End {
  readonly owner: Participant
  readonly attempt: AttemptId
  readonly role: LinkRole
  readonly link: LinkId
  remote: End | null
  state: 'opening' | 'open' | 'ended'
  silenceMs: number
}

export class MemoryLinks {
  readonly #after: (ms: number, run: () => void) => void
  readonly #endByLink = new Map<LinkId, End>()
  #links = 0

  constructor(after: (ms: number, run: () => void) => void) {
    this.#after = after
  }

  perform(owner: Participant, effect: Effect): void {
    switch (effect.type) {
      case 'dial':
        return this.#begin(owner, effect.attempt, 'dialer')
      case 'accept':
        return this.#begin(owner, effect.attempt, 'listener')
      case 'apply-signal':
        return this.#connect(owner, effect.attempt)
      case 'abandon': {
        const end = this.#endOf(owner, effect.attempt)
        return end?.state === 'opening' ? this.#close(end, '') : undefined
      }
      case 'send':
        return this.#send(effect.link, effect.channel, effect.bytes)
      case 'close':
        return this.#close(this.#endByLink.get(effect.link), effect.code)
      case 'watch': {
        const end = this.#endByLink.get(effect.link)
        if (end !== undefined) end.silenceMs = effect.silenceMs
      }
    }
  }

  /** Links of a participant that are open. */
  openLinks(owner: Participant): LinkId[] {
    const ends = [...this.#endByLink.values()]
    return ends.filter((end) => end.owner === owner && end.state === 'open').map(({ link }) => link)
  }

  close(link: LinkId): void {
    this.#close(this.#endByLink.get(link), 'closed')
  }

  /** Gone without a word: the others notice by the silence. */
  vanish(owner: Participant): void {
    for (const { owner: of, remote } of this.#endByLink.values()) {
      if (of === owner && remote !== null)
        this.#after(remote.silenceMs, () => tell(remote, { type: 'link-silent', link: remote.link }))
    }
  }

  #endOf(owner: Participant, attempt: AttemptId): End | undefined {
    return [...this.#endByLink.values()].find((end) => end.owner === owner && end.attempt === attempt)
  }

  #begin(owner: Participant, attempt: AttemptId, role: LinkRole): void {
    if (this.#endOf(owner, attempt) !== undefined) return
    const link = ++this.#links
    const end: End = { owner, attempt, role, link, remote: null, state: 'opening', silenceMs: 7_500 }
    this.#endByLink.set(end.link, end)
    const bytes = concatBytes(utf8(owner.contact.id), utf8(role))
    this.#after(GATHER_MS, () => tell(end, { type: 'local-signal', attempt, bytes }, 'opening'))
  }

  /** The dialer has the answer: the end that was begun for the same attempt elsewhere is the other one. */
  #connect(owner: Participant, attempt: AttemptId): void {
    const end = this.#endOf(owner, attempt)
    const others = [...this.#endByLink.values()].filter((other) => other.attempt === attempt && other !== end)
    const remote = others.find(({ state }) => state === 'opening')
    if (end?.role !== 'dialer' || end.remote !== null || remote === undefined) return
    end.remote = remote
    remote.remote = end
    for (const one of [remote, end]) this.#after(LATENCY_MS, () => open(one))
  }

  #send(link: LinkId, channel: Channel, bytes: Uint8Array): void {
    const remote = this.#endByLink.get(link)?.remote
    if (!remote) return
    this.#after(LATENCY_MS, () => tell(remote, { type: 'link-received', link: remote.link, channel, bytes }))
  }

  #close(end: End | undefined, reason: string): void {
    if (end === undefined) return
    const { owner, link, remote, state } = end
    this.#forget(end)
    if (state === 'open') this.#after(0, () => owner.deliver({ type: 'link-closed', link, reason }))
    if (remote === null) return
    this.#after(LATENCY_MS, () => {
      tell(remote, { type: 'link-closed', link: remote.link, reason: 'remote-closed' })
      this.#forget(remote)
    })
  }

  #forget(end: End): void {
    end.state = 'ended'
    this.#endByLink.delete(end.link)
  }
}

function open(end: End): void {
  const { attempt, role, link, remote } = end
  if (end.state !== 'opening' || remote === null || remote.state === 'ended') return
  end.state = 'open'
  const binding = { local: fingerprint(link), remote: fingerprint(remote.link) }
  tell(end, { type: 'link-opened', link, attempt, role, binding, remoteGroup: '' })
}

function tell(end: End, input: Input, state: End['state'] = 'open'): void {
  if (end.state === state) end.owner.deliver(input)
}

function fingerprint(link: LinkId): Uint8Array {
  return utf8(`${link}`.padStart(32, '0'))
}
