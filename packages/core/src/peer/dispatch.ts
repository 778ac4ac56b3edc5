// Where effects of machines go: one table per machine, beside one for the effects that all machines share.

import type { Effect, JobId, Millis } from '../contract.ts'
import type { Finder } from '../dht/finder.ts'
import type { Delivery, RoutedReply, RouteEffect } from '../dht/routed.ts'
import type { Router } from '../dht/router.ts'
import type { Store } from '../dht/store.ts'
import type { Requests } from '../direct/requests.ts'
import type { FailureCode, Offence } from '../errors.ts'
import type { Gossip } from '../gossip/gossip.ts'
import { keyOf, type PeerId } from '../identity/peer-id.ts'
import { SIGNAL_STATE_MS } from '../limits.ts'
import type { Dialer } from '../link/dialer.ts'
import type { LinkSet } from '../link/link-set.ts'
import type {
  EventEffect,
  OutcomeEffect,
  SendEffect,
  SetTimerEffect,
  SignEffect,
  VerifyEffect,
} from '../machine.ts'
import type { Routing } from '../routing/routing.ts'
import { encodeFrame, type Frame } from '../wire/codec.ts'
import type { MessageName, OperationId } from '../wire/messages.ts'
import type { JobTable } from './job-table.ts'

/** Contacts to ask introducers for: some to be anywhere in the network, more to be near. */
const INTRODUCE_RANDOM = 3
const INTRODUCE_CLOSE = 5

export interface Machines {
  readonly links: LinkSet
  readonly dialer: Dialer
  readonly routing: Routing
  readonly router: Router
  readonly finder: Finder
  readonly store: Store
  readonly gossip: Gossip
  readonly requests: Requests
}
export type MachineName = keyof Machines
export type OperationOwner = 'dialer' | 'finder' | 'store' | 'requests'

export type InputOf<N extends MachineName> = Parameters<Machines[N]['handle']>[0]
type EffectOf<N extends MachineName> = Parameters<Machines[N]['handle']>[2][number]

/** What dispatch may do with the peer. */
export interface Carrier {
  readonly machines: Machines
  readonly jobs: JobTable<MachineName>
  readonly ownerByOperation: Map<OperationId, OperationOwner>
  readonly out: Effect[]
  give<N extends MachineName>(machine: N, input: InputOf<N>): void
  emit(effect: Effect): void
  setTimer(machine: MachineName, afterMs: number, timer: unknown): void
  onLinksChanged(): void
  onJoined(): void
  onHandedOver(): void
  stop(code: FailureCode, message: string): void
}

/** Lets a machine handle an input and carries what comes of it. */
export function carry<N extends MachineName>(
  carrier: Carrier,
  name: N,
  input: InputOf<N>,
  now: Millis,
): void {
  const effects: EffectOf<N>[] = []
  const machine = carrier.machines[name] as {
    handle(input: InputOf<N>, now: Millis, out: EffectOf<N>[]): void
  }
  machine.handle(input, now, effects)
  const take = TABLE[name] as (carrier: Carrier, effect: EffectOf<N>) => void
  for (const effect of effects) take(carrier, effect)
}

const TABLE: { readonly [N in MachineName]: (carrier: Carrier, effect: EffectOf<N>) => void } = {
  links: onLinks,
  dialer: onDialer,
  routing: onRouting,
  router: onRouter,
  finder: onFinder,
  store: onStore,
  gossip: onGossip,
  requests: onRequests,
}

/** Effects that mean the same whoever has them. */
type SharedEffect =
  | SendEffect
  | SetTimerEffect<unknown>
  | VerifyEffect<string>
  | SignEffect<string>
  | OutcomeEffect
  | EventEffect
  | { readonly type: 'offence'; readonly peer: PeerId | null; readonly offence: Offence }

function onShared(carrier: Carrier, machine: MachineName, effect: SharedEffect): void {
  switch (effect.type) {
    case 'send':
      return send(carrier, effect)
    case 'set-timer':
      return carrier.setTimer(machine, effect.afterMs, effect.timer)
    case 'verify':
      beginVerify(carrier, machine, effect)
      return
    case 'sign': {
      const { token, bytes } = effect
      carrier.jobs.begin({ machine, token }, null, (job) => ({ type: 'sign', job, bytes }), carrier.out)
      return
    }
    case 'offence':
      return carrier.give('links', effect)
    default:
      return carrier.emit(effect)
  }
}

/** False where the link has caused too much work. Who does not hear of that gives up by its own time. */
function beginVerify(
  carrier: Carrier,
  machine: MachineName,
  { token, cause, key, bytes, signature }: VerifyEffect<string>,
): boolean {
  const start = (job: JobId): Effect => ({ type: 'verify', job, key, bytes, signature })
  return carrier.jobs.begin({ machine, token }, cause, start, carrier.out)
}

/** The same for machines that must hear of it at once. */
function verifyOrDrop(carrier: Carrier, machine: 'gossip' | 'requests', effect: VerifyEffect<string>): void {
  if (!beginVerify(carrier, machine, effect))
    carrier.give(machine, { type: 'verify-dropped', token: effect.token })
}

function send(carrier: Carrier, { to, message, ttl, flags, lazy }: SendEffect): void {
  carrier.give('links', { type: 'send', to, frame: encodeFrame(message, ttl, flags), lazy: lazy ?? false })
}

// Links

function onLinks(carrier: Carrier, effect: EffectOf<'links'>): void {
  switch (effect.type) {
    case 'driver':
      return carrier.emit(effect.effect)
    case 'link-up':
      return onLinkUp(carrier, effect)
    case 'link-down':
      carrier.give('router', { type: 'link-down', peer: effect.peer })
      carrier.give('gossip', { type: 'link-suspect', peer: effect.peer })
      carrier.give('dialer', { type: 'link-down', peer: effect.peer })
      carrier.give('routing', effect)
      return carrier.onLinksChanged()
    case 'link-ended':
      return carrier.give('gossip', { type: 'link-down', peer: effect.peer })
    case 'frame':
      return FRAME_TABLE[effect.frame.message.type]?.(carrier, effect.from, effect.frame)
    case 'remote-reasons':
      return carrier.give('routing', effect)
    case 'proved':
    case 'handshake-failed':
      return carrier.give('dialer', effect)
    case 'superseded':
      return carrier.stop('IDENTITY_IN_USE', 'a newer peer runs under this identity')
    default:
      return onShared(carrier, 'links', effect)
  }
}

function onLinkUp(
  carrier: Carrier,
  { contact, role, signalingPath }: EffectOf<'links'> & { type: 'link-up' },
): void {
  carrier.give('dialer', { type: 'link-up', peer: contact.id })
  carrier.give('routing', { type: 'link-up', contact, role, signalingPath })
  carrier.give('gossip', { type: 'link-up', peer: contact.id })
  carrier.onLinksChanged()
}

type FrameHandler = (carrier: Carrier, from: PeerId, frame: Frame) => void

const toRouter: FrameHandler = (carrier, from, { ttl, message }) =>
  carrier.give('router', { type: 'receive', from, ttl, message } as InputOf<'router'>)
const toGossip: FrameHandler = (carrier, from, frame) =>
  carrier.give('gossip', { type: 'receive', from, frame })
const toRouting: FrameHandler = (carrier, from, { message }) =>
  carrier.give('routing', { type: 'receive', from, message } as InputOf<'routing'>)
const unsolicited: FrameHandler = (carrier, from) =>
  carrier.give('links', { type: 'offence', peer: from, offence: 'unsolicited' })

/** Frames of authenticated peers. What the link set keeps to itself (HELLO to WANT) never gets here. */
const FRAME_TABLE: Partial<Record<MessageName, FrameHandler>> = {
  PEER_EXCHANGE: toRouting,
  // Bulk streams come with files; until then nobody asked for any.
  DATA: unsolicited,
  ROUTE: toRouter,
  ROUTE_ACK: toRouter,
  ROUTE_NACK: toRouter,
  ROUTE_REPLY: toRouter,
  GOSSIP: toGossip,
  IHAVE: toGossip,
  GRAFT: toGossip,
  PRUNE: toGossip,
  TOPICS: toGossip,
  SUBSCRIBE: toGossip,
  UNSUBSCRIBE: toGossip,
}

// Dialing and signaling

function onDialer(carrier: Carrier, effect: EffectOf<'dialer'>): void {
  switch (effect.type) {
    case 'driver':
      return carrier.emit(effect.effect)
    case 'seal':
    case 'open': {
      const { type, token, bytes, peer, cause } = effect
      const start = (job: JobId): Effect => ({ type, job, bytes, peer })
      const taken = carrier.jobs.begin({ machine: 'dialer', token }, cause, start, carrier.out)
      if (!taken) carrier.give('dialer', { type: 'box-dropped', token })
      return
    }
    case 'route-signal':
      return routeSignal(carrier, effect)
    case 'answer-signal': {
      const inner = { type: 'SIGNAL', sender: carrier.machines.routing.view.self, box: effect.box } as const
      return carrier.give('router', { type: 'answer', route: effect.route, inner, last: effect.last })
    }
    case 'reasons':
      return carrier.give('links', effect)
    case 'dial-failed':
      return carrier.give('routing', effect)
    case 'learned':
      return carrier.give('routing', effect)
    case 'make-room':
      return carrier.give('links', { type: 'unlink', peer: effect.peer, code: 'pruned' })
    default:
      return onShared(carrier, 'dialer', effect)
  }
}

/** Through the peer that named the contact where we know it: a newcomer is reachable only there. */
function routeSignal(
  carrier: Carrier,
  { operation, to, box }: EffectOf<'dialer'> & { type: 'route-signal' },
): void {
  const { view } = carrier.machines.routing
  const via = view.hopsTo(to.id)
  carrier.ownerByOperation.set(operation, 'dialer')
  carrier.give('router', {
    type: 'start',
    operation,
    mode: 'exact',
    target: keyOf(to.id),
    inner: { type: 'SIGNAL', sender: view.self, box },
    paths: 1,
    via,
    timeoutMs: SIGNAL_STATE_MS,
  })
}

// Routing

function onRouting(carrier: Carrier, effect: EffectOf<'routing'>): void {
  switch (effect.type) {
    case 'want':
      return carrier.give('dialer', effect)
    case 'find':
    case 'probe':
      return carrier.give('finder', effect)
    case 'siblings-changed':
      return carrier.give('store', effect)
    case 'joined':
      return carrier.onJoined()
    case 'need-contacts':
      return carrier.emit({ type: 'introduce', random: INTRODUCE_RANDOM, close: INTRODUCE_CLOSE })
    case 'save':
      return carrier.emit({ type: 'store-contacts', contacts: effect.contacts })
    default:
      return onShared(carrier, 'routing', effect)
  }
}

// Routed messages

function onRouter(carrier: Carrier, effect: EffectOf<'router'>): void {
  switch (effect.type) {
    case 'deliver':
      return deliver(carrier, effect)
    case 'reply':
      return onReply(carrier, effect)
    case 'ended': {
      const owner = carrier.ownerByOperation.get(effect.operation)
      carrier.ownerByOperation.delete(effect.operation)
      if (owner === 'dialer') carrier.give('dialer', { type: 'route-ended', operation: effect.operation })
      else if (owner !== undefined) carrier.give(owner, effect)
      return
    }
    case 'round-trip':
      return carrier.give('links', effect)
    default:
      return onShared(carrier, 'router', effect)
  }
}

function deliver(carrier: Carrier, effect: Delivery): void {
  const { inner, route, from } = effect
  switch (inner.type) {
    case 'GET':
    case 'STORE':
    case 'REPLICA':
      return carrier.give('store', effect)
    case 'FIND':
      return carrier.give('finder', effect)
    case 'REQUEST':
    case 'RESPONSE':
      return carrier.give('requests', effect)
    case 'SIGNAL': {
      const way = { path: 'overlay', route } as const
      return carrier.give('dialer', { type: 'box', from: inner.sender, box: inner.box, way, link: from })
    }
    default:
      // A message that is no question: whoever began it sent nonsense, and it goes no further.
      return carrier.give('router', { type: 'pass', route })
  }
}

function onReply(carrier: Carrier, effect: RoutedReply): void {
  const owner = carrier.ownerByOperation.get(effect.operation)
  if (owner === undefined) return
  if (owner !== 'dialer') return carrier.give(owner, effect)
  // Whatever the last answer says, the contact was reached: that the way ends now is no failure.
  if (effect.last) carrier.ownerByOperation.delete(effect.operation)
  if (effect.inner.type !== 'SIGNAL') return
  const way = { path: 'overlay', route: null } as const
  const { sender, box } = effect.inner
  carrier.give('dialer', { type: 'box', from: sender, box, way, link: effect.via })
}

// Lookups, records, requests

/** Effects of machines that have messages routed. */
function onRouted(carrier: Carrier, owner: OperationOwner, effect: RouteEffect | SharedEffect): void {
  switch (effect.type) {
    case 'route':
      carrier.ownerByOperation.set(effect.operation, owner)
      return carrier.give('router', { ...effect, type: 'start' })
    case 'stop-route':
      carrier.ownerByOperation.delete(effect.operation)
      return carrier.give('router', { type: 'stop', operation: effect.operation })
    case 'answer':
    case 'pass':
      return carrier.give('router', effect)
    default:
      return onShared(carrier, owner, effect)
  }
}

function onFinder(carrier: Carrier, effect: EffectOf<'finder'>): void {
  switch (effect.type) {
    case 'found':
    case 'probed':
    case 'probe-dropped':
      return carrier.give('routing', effect)
    default:
      return onRouted(carrier, 'finder', effect)
  }
}

function onStore(carrier: Carrier, effect: EffectOf<'store'>): void {
  switch (effect.type) {
    case 'load': {
      const { token, key } = effect
      const start = (job: JobId): Effect => ({ type: 'load', job, key })
      carrier.jobs.begin({ machine: 'store', token }, null, start, carrier.out)
      return
    }
    case 'store': {
      const { token, key, record, header } = effect
      const start = (job: JobId): Effect => ({ type: 'store', job, key, record, header })
      carrier.jobs.begin({ machine: 'store', token }, null, start, carrier.out)
      return
    }
    case 'forget':
      return carrier.emit(effect)
    case 'handed-over':
      return carrier.onHandedOver()
    default:
      return onRouted(carrier, 'store', effect)
  }
}

function onRequests(carrier: Carrier, effect: EffectOf<'requests'>): void {
  if (effect.type === 'verify') verifyOrDrop(carrier, 'requests', effect)
  else onRouted(carrier, 'requests', effect)
}

function onGossip(carrier: Carrier, effect: EffectOf<'gossip'>): void {
  switch (effect.type) {
    case 'forward':
      return carrier.give('links', { type: 'send', to: effect.to, frame: effect.frame, lazy: false })
    case 'verify':
      return verifyOrDrop(carrier, 'gossip', effect)
    default:
      return onShared(carrier, 'gossip', effect)
  }
}
