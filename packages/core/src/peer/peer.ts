// Composes the machines. Inputs of the driver go to the machine they concern; effects of machines go to the driver or,
// as inputs, to other machines. Nothing is decided here, and nothing else knows all machines.

import type { Effect, Input, LinkId, Millis, OpId, Random } from '../contract.ts'
import { Finder } from '../dht/finder.ts'
import { Router } from '../dht/router.ts'
import { Store } from '../dht/store.ts'
import { Requests } from '../direct/requests.ts'
import type { FailureCode } from '../errors.ts'
import { Gossip } from '../gossip/gossip.ts'
import type { Contact } from '../identity/contact.ts'
import { keyOf, type PeerId } from '../identity/peer-id.ts'
import { LINKS_MAX, REPLICAS } from '../limits.ts'
import { Dialer } from '../link/dialer.ts'
import { LinkSet } from '../link/link-set.ts'
import type { Machine } from '../machine.ts'
import { Routing } from '../routing/routing.ts'
import type { OperationId } from '../wire/messages.ts'
import type { PeerCall, PeerStatus } from './calls.ts'
import {
  type Carrier,
  carry,
  type InputOf,
  type MachineName,
  type Machines,
  type OperationOwner,
} from './dispatch.ts'
import { JobTable } from './job-table.ts'
import type { PeerSnapshot } from './snapshot.ts'
import { TimerQueue } from './timer-queue.ts'

export interface PeerOptions {
  readonly contact: Contact
  /** First 16 bytes of the network's hash, as 32 hexadecimal digits (`networkIdOf`). */
  readonly networkId: string
  /** Zero bits that ids of this network begin with, hashed. */
  readonly workBits: number
  readonly linksMax?: number
  readonly replicas?: number
  /** Addresses of introducers that we tell others about. */
  readonly servers?: readonly string[]
}

/** A timer and whose it is. */
interface PeerTimer {
  readonly machine: MachineName | 'peer'
  readonly timer: unknown
}

/** Links up to which introducers are told of every change: above, they know enough. */
const MESHED_LINKS_TOLD_MAX = 8
/** Contacts named to a dialer that is refused. */
const ALTERNATIVES_NAMED = 4
/** Milliseconds that goodbyes have to be answered. */
const GOODBYE_MS = 1_000
/** A timer so many milliseconds late tells that our page stood still. A frame makes one 16.7 ms late. */
const STANDSTILL_MS = 20
/** Milliseconds after a standstill in which what came meanwhile is heard, and nobody is judged. */
const CATCH_UP_MS = 10

interface Leaving {
  readonly op: OpId
  byeSent: boolean
}

export class Peer implements Carrier {
  readonly jobs = new JobTable<MachineName>()
  readonly ownerByOperation = new Map<OperationId, OperationOwner>()
  readonly #machines: Machines
  readonly #timers = new TimerQueue<PeerTimer>()
  /** Inputs of machines that wait for the one at work to finish: first in, first out, so that causes come before effects. */
  readonly #queue: { machine: MachineName; input: unknown }[] = []
  readonly #linksMax: number
  #now: Millis = 0
  #out: Effect[] = []
  #joined = false
  #status: PeerStatus = 'alone'
  #linksTold = 0
  #wakeAt: Millis = Number.POSITIVE_INFINITY
  /** After a standstill: until then timers wait. */
  #catchUpUntil: Millis = 0
  #leaving: Leaving | null = null
  #stopped = false

  constructor(options: PeerOptions, random: Random) {
    this.#linksMax = options.linksMax ?? LINKS_MAX
    this.#machines = compose({ ...options, linksMax: this.#linksMax }, random)
  }

  /**
   * Takes one input and adds the effects. Timers that are due come first, unless this peer stood still. Never re-entered, never
   * throws for a remote.
   */
  handle(input: Input, now: Millis, out: Effect[]): void {
    this.#now = Math.max(now, this.#now)
    this.#out = out
    if (!this.#isCatchingUp()) this.#takeTimers()
    this.#onInput(input)
    this.#drain()
    this.give('links', { type: 'flush' })
    this.#drain()
    this.#afterTurn()
  }

  /** A plain copy of what this peer is, for people and tests. */
  snapshot(now: Millis): PeerSnapshot {
    const { links, dialer, routing, router, store, gossip } = this.#machines
    const traffic = links.traffic.snapshot()
    const { topics, ...gossipCounts } = gossip.stats()
    return {
      id: routing.view.self.id,
      status: this.#status,
      links: links.roster.snapshot(links.standing, now),
      dialing: dialer.dialing,
      linksMax: this.#linksMax,
      ...routing.view.stats(),
      siblings: routing.view.siblings().map((contact) => contact.id),
      records: store.stats(),
      topics,
      gossip: gossipCounts,
      routed: router.stats(),
      traffic: { ...traffic, offences: { ...links.standing.offences } },
    }
  }

  /** Sizes of tables that remotes can fill, by name: for tests that nothing grows without bound. */
  tables(): Readonly<Record<string, number>> {
    const { links, dialer, routing, router, store, gossip, finder, requests } = this.#machines
    return {
      ...links.tables(),
      ...dialer.tables(),
      ...routing.tables(),
      ...router.tables(),
      ...finder.tables(),
      ...store.tables(),
      ...gossip.tables(),
      ...requests.tables(),
      jobs: this.jobs.size,
      jobsWaiting: this.jobs.waiting,
      jobsDropped: this.jobs.dropped,
      operationOwners: this.ownerByOperation.size,
      timers: this.#timers.size,
    }
  }

  /** The driver's number of the link to a peer; null where there is none. */
  linkOf(peer: PeerId): LinkId | null {
    return this.#machines.links.roster.linkOf(peer)
  }

  // What dispatch needs

  give<N extends MachineName>(machine: N, input: InputOf<N>): void {
    this.#queue.push({ machine, input })
  }

  emit(effect: Effect): void {
    this.#out.push(effect)
  }

  setTimer(machine: MachineName, afterMs: number, timer: unknown): void {
    this.#timers.set(this.#now + Math.max(0, Math.ceil(afterMs)), { machine, timer })
  }

  get out(): Effect[] {
    return this.#out
  }

  get machines(): Machines {
    return this.#machines
  }

  onLinksChanged(): void {
    const links = this.#machines.links.roster.upCount
    if (links === 0) this.#joined = false
    this.#setStatus(links === 0 ? 'alone' : this.#joined ? 'joined' : 'joining')
    const told = Math.min(links, MESHED_LINKS_TOLD_MAX)
    if (told === this.#linksTold) return
    if (this.#linksTold === 0) this.give('store', { type: 'linked' })
    this.#linksTold = told
    this.emit({ type: 'meshed', links })
  }

  onJoined(): void {
    this.#joined = true
    this.onLinksChanged()
  }

  /** Records are where they should be: now the goodbyes. */
  onHandedOver(): void {
    const leaving = this.#leaving
    if (leaving === null || leaving.byeSent) return
    leaving.byeSent = true
    this.give('dialer', { type: 'stop' })
    this.give('links', { type: 'leave' })
    this.#timers.set(this.#now + GOODBYE_MS, { machine: 'peer', timer: null })
  }

  /** The peer ends by itself, once: it takes no commands any more but to close. */
  stop(code: FailureCode, message: string): void {
    if (this.#stopped) return
    this.#stopped = true
    this.emit({ type: 'event', event: { type: 'stopped', code, message } })
    this.give('dialer', { type: 'stop' })
    this.give('links', { type: 'leave' })
  }

  // Turns

  /** What others said in time may lie behind this input, where our page stood still: whoever did must not be taken for silent. */
  #isCatchingUp(): boolean {
    const isLate = this.#now - this.#timers.nextDue > STANDSTILL_MS
    if (isLate && this.#catchUpUntil === 0) this.#catchUpUntil = this.#now + CATCH_UP_MS
    return this.#now < this.#catchUpUntil
  }

  #takeTimers(): void {
    this.#catchUpUntil = 0
    for (let due = this.#timers.takeDue(this.#now); due !== null; due = this.#timers.takeDue(this.#now)) {
      this.#onTimer(due)
      this.#drain()
    }
  }

  #drain(): void {
    const queue = this.#queue
    for (let i = 0; i < queue.length; i++) {
      const { machine, input } = queue[i] as (typeof queue)[number]
      carry(this, machine, input as never, this.#now)
    }
    queue.length = 0
  }

  #isWanted({ machine, timer }: PeerTimer): boolean {
    if (machine === 'peer') return true
    const owner: Machine<never, never> = this.#machines[machine]
    return owner.wants?.(timer as never) ?? true
  }

  #onTimer({ machine, timer }: PeerTimer): void {
    if (machine === 'peer') this.#finishLeaving()
    else this.give(machine, { type: 'timer', timer } as never)
  }

  #afterTurn(): void {
    if (this.#leaving?.byeSent && this.#machines.links.isEmpty) this.#finishLeaving()
    this.#timers.dropStale((timer) => this.#isWanted(timer))
    const due = Math.max(this.#timers.nextDue, this.#catchUpUntil)
    // A wake that has come is over: another timer for the same moment asks for another one.
    if (due === this.#wakeAt && due > this.#now) return
    this.#wakeAt = due
    if (due !== Number.POSITIVE_INFINITY) this.emit({ type: 'wake-at', at: due })
  }

  #finishLeaving(): void {
    if (this.#leaving === null) return
    this.emit({ type: 'done', op: this.#leaving.op, value: null })
    this.#leaving = null
    this.#setStatus('closed')
  }

  #setStatus(status: PeerStatus): void {
    if (status === this.#status || this.#status === 'closed') return
    this.#status = status
    this.emit({ type: 'event', event: { type: 'status', status } })
  }

  // Inputs of the driver

  #onInput(input: Input): void {
    switch (input.type) {
      case 'start':
        this.give('links', { type: 'start', bootId: input.bootId })
        this.give('gossip', { type: 'start', bootId: input.bootId })
        this.give('store', { type: 'start', recordIndex: input.recordIndex })
        return this.give('routing', { type: 'restore', contacts: input.contacts })
      case 'link-opened':
        this.give('dialer', { type: 'opened', attempt: input.attempt })
        return this.give('links', { ...input, type: 'opened' })
      case 'link-received':
        return this.give('links', { ...input, type: 'received' })
      case 'link-writable':
        return this.give('links', { ...input, type: 'writable' })
      case 'link-silent':
        return this.give('links', { ...input, type: 'silent' })
      case 'link-closed':
        return this.give('links', { ...input, type: 'closed' })
      case 'link-failed':
      case 'local-signal':
      case 'introducer-up':
      case 'introducer-down':
      case 'signal':
      case 'undeliverable':
        return this.give('dialer', input)
      case 'introduced':
        this.give('dialer', input)
        return this.give('routing', { type: 'introduced', contacts: input.contacts })
      case 'job-done':
        return this.#onJobDone(input)
      case 'storage-full':
        return this.give('store', input)
      case 'environment':
        return this.#onEnvironment(input)
      case 'command':
        return this.#onCommand(input.op, input.call)
      case 'cancel':
        for (const machine of ['dialer', 'finder', 'store', 'gossip', 'requests'] as const)
          this.give(machine, input)
        return
      case 'wake':
        return
    }
  }

  #onJobDone({ job, result }: Input & { type: 'job-done' }): void {
    const owner = this.jobs.end(job, this.#out)
    if (owner === null) return
    const { machine, token } = owner
    // The dialer hears `opened` of connections.
    const type = result.type === 'opened' ? 'opened-box' : result.type
    this.give(machine, { ...result, type, token } as never)
  }

  #onEnvironment({ online, visible, pausedMs }: Input & { type: 'environment' }): void {
    this.give('links', { type: 'visible', visible })
    if (online && (visible || pausedMs > 0)) this.give('dialer', { type: 'online' })
  }

  #onCommand(op: OpId, call: PeerCall): void {
    const isOver = this.#stopped && call.type !== 'close'
    if (isOver || this.#leaving !== null || this.#status === 'closed') {
      // Closed once more: the page goes while we hand over. What is not handed over by now will not be; goodbyes leave at once.
      if (call.type === 'close') this.onHandedOver()
      return this.emit({ type: 'failed', op, code: 'CLOSED', message: 'the peer is leaving' })
    }
    switch (call.type) {
      case 'put':
      case 'get':
      case 'holders':
        return this.give('store', { type: 'call', op, call })
      case 'subscribe':
      case 'unsubscribe':
        this.give('gossip', call)
        return this.emit({ type: 'done', op, value: null })
      case 'publish':
        return this.give('gossip', { ...call, op })
      case 'request':
      case 'respond':
        return this.give('requests', { type: 'call', op, call })
      case 'lookup':
      case 'crawl':
        return this.give('finder', { type: 'call', op, call })
      case 'invite-create':
      case 'invite-accept':
      case 'invite-complete':
        return this.give('dialer', { ...call, op })
      case 'unlink':
        this.give('links', { type: 'unlink', peer: call.peer, code: 'cut' })
        return this.emit({ type: 'done', op, value: null })
      case 'close':
        return this.#onClose(op, call.deadlineMs)
    }
  }

  #onClose(op: OpId, deadlineMs: number): void {
    this.#leaving = { op, byeSent: false }
    if (deadlineMs > 0 && this.#machines.links.roster.upCount > 0)
      this.give('store', { type: 'leave', deadlineMs })
    else this.onHandedOver()
  }
}

/** The machines, and what each may ask of the others. */
function compose(options: PeerOptions & { linksMax: number }, random: Random): Machines {
  const { contact: self, networkId, workBits, linksMax } = options
  const routing = new Routing(
    { self, workBits, linksMax, servers: options.servers ?? [] },
    { roundTripMs: (peer) => links.roster.roundTripMs(peer) },
    random,
  )
  const dialer: Dialer = new Dialer(
    { self, workBits, linksMax },
    {
      size: () => links.size,
      openCount: () => links.roster.upCount,
      isUp: (peer) => links.roster.isUp(peer),
      hasAttempt: (attempt) => links.hasAttempt(attempt),
      isBanned: (peer, now) => links.standing.isBanned(peer, now),
      leastWanted: () => links.roster.leastWanted(),
      isNear: (peer) => routing.view.isNear(peer),
      alternatives: () => routing.view.closestLinked(keyOf(self.id), ALTERNATIVES_NAMED),
    },
    random,
  )
  const links: LinkSet = new LinkSet({ self, networkId, workBits, linksMax }, dialer, random)
  const store = new Store(
    { self, networkId, workBits, replicas: options.replicas ?? REPLICAS },
    routing.view,
    random,
  )
  const router = new Router(self.id, routing.view, links.roster, store)
  const finder = new Finder({ workBits }, routing.view, store, random)
  const gossip = new Gossip({ self, networkId, workBits }, routing.view, links.roster, random)
  const requests = new Requests({ self, networkId, workBits }, routing.view, random)
  return { links, dialer, routing, router, finder, store, gossip, requests }
}
