// Two dialers with their link sets, a transport and an introducer in memory. A test decides in which order signals are
// made, arrive and connections open: whatever it chooses, one link must result.

import { sha256 } from '@noble/hashes/sha2.js'
import type { AttemptId, LinkId, LinkRole } from '../../src/contract.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { Dialer } from '../../src/link/dialer.ts'
import type { DialerEffect, DialerInput } from '../../src/link/dialer-contract.ts'
import type { LinkEffect, LinkInput } from '../../src/link/link-contract.ts'
import { LinkSet } from '../../src/link/link-set.ts'
import { concatBytes, utf8 } from '../../src/wire/bytes.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { NETWORK_ID } from './link-bench.ts'
import { compute } from './stand-ins.ts'

const INTRODUCER = 'wss://introducer'

interface End {
  readonly node: GlareNode
  readonly attempt: AttemptId
  readonly role: LinkRole
  readonly link: LinkId
  remote: End | null
  state: 'opening' | 'open' | 'ended'
}

export interface GlareNode {
  readonly contact: Contact
  readonly dialer: Dialer
  readonly links: LinkSet
  readonly endByAttempt: Map<AttemptId, End>
  readonly endByLink: Map<LinkId, End>
  joins: string
}

/** Something that may happen next; those of one lane happen in order. */
export interface GlareStep {
  readonly lane: string
  readonly run: () => void
}

export class GlareBench {
  readonly nodes: readonly [GlareNode, GlareNode]
  now = 1_700_000_000_000
  /** Effects that asked the driver to connect. */
  constructions = 0
  readonly #steps: GlareStep[] = []
  readonly #jobsAtOnce: boolean
  #links = 0

  constructor(contacts: readonly [Contact, Contact], { jobsAtOnce }: { jobsAtOnce: boolean }) {
    this.#jobsAtOnce = jobsAtOnce
    this.nodes = [this.#node(contacts[0], 1), this.#node(contacts[1], 2)]
    for (const node of this.nodes) {
      this.link(node, { type: 'start', bootId: 1 })
      while (this.#steps.length > 0) this.#steps.shift()?.run()
      this.dial(node, { type: 'introducer-up', introducer: INTRODUCER, path: 'server' })
    }
  }

  /** The first step of every lane. */
  steps(): GlareStep[] {
    const lanes = new Set<string>()
    return this.#steps.filter(({ lane }) => !lanes.has(lane) && lanes.add(lane))
  }

  take(step: GlareStep): void {
    this.#steps.splice(this.#steps.indexOf(step), 1)
    step.run()
  }

  want(node: GlareNode): void {
    this.dial(node, { type: 'want', contact: this.other(node).contact, reasons: 1 })
  }

  other(node: GlareNode): GlareNode {
    return node === this.nodes[0] ? this.nodes[1] : this.nodes[0]
  }

  dial(node: GlareNode, input: DialerInput): void {
    const out: DialerEffect[] = []
    node.dialer.handle(input, this.now, out)
    for (const effect of out) this.#onDialer(node, effect)
  }

  link(node: GlareNode, input: LinkInput): void {
    const out: LinkEffect[] = []
    node.links.handle(input, this.now, out)
    node.links.handle({ type: 'flush' }, this.now, out)
    for (const effect of out) this.#onLinks(node, effect)
  }

  /** The connection that a node holds as its link, named by its attempt. */
  linkOf(node: GlareNode): AttemptId | null {
    return node.links.roster.primaryOf(this.other(node).contact.id)?.attempt ?? null
  }

  #node(contact: Contact, seed: number): GlareNode {
    const random = new SeededRandom(seed)
    const dialer: Dialer = new Dialer(
      { self: contact, workBits: 0, linksMax: 8 },
      {
        size: () => links.size,
        openCount: () => links.roster.upCount,
        isUp: (peer) => links.roster.isUp(peer),
        hasAttempt: (attempt) => links.hasAttempt(attempt),
        isBanned: () => false,
        leastWanted: () => null,
        isNear: () => false,
        alternatives: () => [],
      },
      random,
    )
    const links = new LinkSet(
      { self: contact, networkId: NETWORK_ID, workBits: 0, linksMax: 8 },
      dialer,
      random,
    )
    return { contact, dialer, links, endByAttempt: new Map(), endByLink: new Map(), joins: '' }
  }

  #later(lane: string, run: () => void): void {
    this.#steps.push({ lane, run })
  }

  #job(node: GlareNode, run: () => void): void {
    if (this.#jobsAtOnce) run()
    else this.#later(`job ${node.contact.id} ${this.#steps.length}`, run)
  }

  #onDialer(node: GlareNode, effect: DialerEffect): void {
    if (effect.type === 'driver') return this.#onDriver(node, effect.effect)
    if (effect.type === 'reasons') return this.link(node, effect)
    if (effect.type !== 'seal' && effect.type !== 'open') return
    const { token } = effect
    this.#job(node, () => {
      const result = compute(node.contact, effect)
      if (result.type === 'sealed') this.dial(node, { type: 'sealed', token, bytes: result.bytes })
      if (result.type === 'opened') this.dial(node, { type: 'opened-box', token, bytes: result.bytes })
    })
  }

  #onDriver(node: GlareNode, effect: Extract<DialerEffect | LinkEffect, { type: 'driver' }>['effect']): void {
    switch (effect.type) {
      case 'dial':
        return this.#begin(node, effect.attempt, 'dialer')
      case 'accept':
        return this.#begin(node, effect.attempt, 'listener')
      case 'apply-signal':
        return this.#connect(node.endByAttempt.get(effect.attempt))
      case 'abandon': {
        const end = node.endByAttempt.get(effect.attempt)
        return end?.state === 'opening' ? this.#end(end) : undefined
      }
      case 'carry-signal': {
        const to = this.other(node)
        const way = { path: 'server', introducer: INTRODUCER } as const
        const box = { type: 'box', from: node.contact, box: effect.bytes, way, link: null } as const
        return this.#later(`to ${to.contact.id}`, () => this.dial(to, box))
      }
      case 'send': {
        const remote = node.endByLink.get(effect.link)?.remote
        const { bytes } = effect
        if (!remote) return
        const received = { type: 'received', link: remote.link, channel: 'control', bytes } as const
        return this.#later(`over ${remote.link}`, () => {
          if (remote.state === 'open') this.link(remote.node, received)
        })
      }
      case 'close':
        return this.#end(node.endByLink.get(effect.link))
    }
  }

  #begin(node: GlareNode, attempt: AttemptId, role: LinkRole): void {
    this.constructions += 1
    const end: End = { node, attempt, role, link: ++this.#links, remote: null, state: 'opening' }
    node.endByAttempt.set(attempt, end)
    node.endByLink.set(end.link, end)
    this.#later(`gather ${end.link}`, () => {
      if (end.state !== 'ended') this.dial(node, { type: 'local-signal', attempt, bytes: new Uint8Array(3) })
    })
  }

  /** The dialer has the answer: both ends open, in either order, unless one has been given up. */
  #connect(end: End | undefined): void {
    const remote = end && this.other(end.node).endByAttempt.get(end.attempt)
    if (end === undefined || remote === undefined || end.role !== 'dialer' || end.remote !== null) return
    end.remote = remote
    remote.remote = end
    for (const one of [end, remote]) this.#later(`over ${one.link}`, () => this.#open(one))
  }

  #open(end: End): void {
    const { node, link, attempt, role, remote } = end
    if (end.state !== 'opening' || remote === null) return
    if (remote.state === 'ended') return this.#fail(end)
    end.state = 'open'
    const binding = { local: print(link), remote: print(remote.link) }
    this.dial(node, { type: 'opened', attempt })
    this.link(node, { type: 'opened', link, attempt, role, binding, remoteGroup: '' })
  }

  #fail(end: End): void {
    end.state = 'ended'
    this.dial(end.node, { type: 'link-failed', attempt: end.attempt, stage: 'channel', detail: '' })
  }

  #end(end: End | undefined): void {
    if (end === undefined || end.state === 'ended') return
    const { state, remote } = end
    end.state = 'ended'
    end.node.endByAttempt.delete(end.attempt)
    if (state === 'open') this.link(end.node, { type: 'closed', link: end.link, reason: 'closed here' })
    if (remote !== null) this.#later(`over ${remote.link}`, () => this.#hangUp(remote))
  }

  #hangUp(end: End): void {
    if (end.state === 'opening') return this.#fail(end)
    if (end.state === 'ended') return
    end.state = 'ended'
    this.link(end.node, { type: 'closed', link: end.link, reason: 'remote-closed' })
  }

  #onLinks(node: GlareNode, effect: LinkEffect): void {
    switch (effect.type) {
      case 'driver':
        return this.#onDriver(node, effect.effect)
      case 'sign':
      case 'verify': {
        const { token } = effect
        return this.#job(node, () => {
          const result = compute(node.contact, effect)
          if (result.type === 'signed')
            this.link(node, { type: 'signed', token, signature: result.signature })
          if (result.type === 'verified') this.link(node, { type: 'verified', token, valid: result.valid })
        })
      }
      case 'proved':
        return this.dial(node, effect)
      case 'handshake-failed':
        return this.dial(node, effect)
      case 'link-up':
        return this.dial(node, { type: 'link-up', peer: effect.contact.id })
      case 'link-down':
        return this.dial(node, { type: 'link-down', peer: effect.peer })
      case 'event':
        if (effect.event.type === 'peer-joined') node.joins += '+'
        if (effect.event.type === 'peer-left') node.joins += '-'
    }
  }
}

function print(link: LinkId): Uint8Array {
  return sha256(concatBytes(utf8('certificate'), Uint8Array.of(link)))
}
