// The transport over WebRTC: routes calls to attempts and links, and keeps what they share.

import type { AttemptId, Channel, LinkId, LinkRole } from '@hyphae/core'
import {
  type DialOptions,
  type LinkPathInfo,
  messageOf,
  type Transport,
  type TransportEvent,
  type TransportStats,
  type TransportWarning,
} from '@hyphae/runtime'
import { Admission } from './admission.ts'
import { Attempt, type AttemptHost } from './attempt.ts'
import { IceServersReader, stunUrls } from './ice-servers.ts'
import { HAND_CARRIED_MAX, STUN_URLS_MAX } from './limits.ts'
import type { Link } from './link.ts'
import type { WebRtcOptions } from './options.ts'
import { UNKNOWN_PATH } from './path.ts'
import type { Description } from './sdp.ts'
import { SharedTimer } from './shared-timer.ts'
import { decodeSignal } from './signal.ts'

export class WebRtcTransport implements Transport, AttemptHost {
  readonly options: WebRtcOptions
  readonly timer: SharedTimer
  readonly admission: Admission
  readonly iceServers: IceServersReader
  readonly #attemptById = new Map<AttemptId, Attempt>()
  readonly #attemptByLink = new Map<LinkId, Attempt>()
  #listener: (event: TransportEvent) => void = () => undefined
  #links = 0
  #constructions = 0
  #refusedSignals = 0
  #refusedChannels = 0
  #isDestroyed = false

  constructor(options: WebRtcOptions) {
    this.options = options
    this.timer = new SharedTimer(options.clock, (stalledMs) => this.#extend(stalledMs))
    const { openingMax, isFreedOnClose } = options
    this.admission = new Admission({ openingMax, isFreedOnClose, timer: this.timer })
    this.iceServers = new IceServersReader(options, this.timer, (error) =>
      this.#warn('no-ice-servers', messageOf(error)),
    )
    if (typeof options.iceServers !== 'function') this.#warnOfStun(stunUrls(options.iceServers))
  }

  onEvent(listener: (event: TransportEvent) => void): void {
    this.#listener = listener
  }

  dial(attempt: AttemptId, { gatherFirst }: DialOptions): void {
    this.#begin(attempt, 'dialer', { gatherFirst, offer: null })
  }

  accept(attempt: AttemptId, offer: Uint8Array, { gatherFirst }: DialOptions): void {
    if (this.#attemptById.has(attempt)) return this.refused('signal', 1)
    const signal = decodeSignal(offer)
    if (signal?.kind !== 'description' || signal.description.kind !== 'offer') {
      this.refused('signal', 1)
      return this.#failLater(attempt, 'signaling', 'the offer is malformed')
    }
    this.#begin(attempt, 'listener', { gatherFirst, offer: signal.description })
  }

  applySignal(attempt: AttemptId, bytes: Uint8Array): void {
    const target = this.#attemptById.get(attempt)
    if (!target) return
    const signal = decodeSignal(bytes)
    if (signal?.kind === 'candidates') target.addCandidates(signal)
    else if (signal?.kind === 'broken-answer') target.refuseAnswer()
    else if (signal?.kind === 'description') target.applyDescription(signal.description)
    else this.refused('signal', 1)
  }

  abandon(attempt: AttemptId): void {
    this.#attemptById.get(attempt)?.abandon()
  }

  send(link: LinkId, channel: Channel, bytes: Uint8Array): void {
    this.#attemptByLink.get(link)?.link?.send(channel, bytes)
  }

  watch(link: LinkId, keepaliveMs: number, silenceMs: number): void {
    this.#attemptByLink.get(link)?.link?.watch(keepaliveMs, silenceMs)
  }

  close(link: LinkId, reason: string, flush: boolean): void {
    this.#attemptByLink.get(link)?.link?.close(reason, flush)
  }

  async pathInfo(link: LinkId): Promise<LinkPathInfo> {
    const path = (await this.#attemptByLink.get(link)?.path()) ?? UNKNOWN_PATH
    const { localCandidate, remoteCandidate, roundTripMs } = path
    return { localCandidate, remoteCandidate, roundTripMs }
  }

  stats(): TransportStats {
    const open = this.#attemptByLink.size
    return {
      constructions: this.#constructions,
      opening: this.#attemptById.size - open,
      open,
      refusedSignals: this.#refusedSignals,
      refusedChannels: this.#refusedChannels,
    }
  }

  destroy(): void {
    this.#isDestroyed = true
    for (const attempt of this.#attemptById.values()) attempt.destroy()
    this.timer.stop()
  }

  tell = (event: TransportEvent): void => {
    this.#listener(event)
  }

  nextLinkId(): LinkId {
    return ++this.#links
  }

  constructed(connection: RTCPeerConnection): void {
    this.#constructions++
    this.admission.noteConstructed(connection)
  }

  linked(attempt: Attempt, { id }: Link): void {
    this.#attemptByLink.set(id, attempt)
  }

  over(attempt: Attempt): void {
    this.#attemptById.delete(attempt.id)
    if (attempt.link) this.#attemptByLink.delete(attempt.link.id)
  }

  refused(what: 'signal' | 'channel', count: number): void {
    if (what === 'signal') this.#refusedSignals += count
    else this.#refusedChannels += count
  }

  #begin(
    id: AttemptId,
    role: LinkRole,
    { gatherFirst, offer }: DialOptions & { readonly offer: Description | null },
  ): void {
    if (this.#isDestroyed || this.#attemptById.has(id)) return
    if (gatherFirst && this.#handCarried() >= HAND_CARRIED_MAX)
      return this.#failLater(id, 'budget', `${HAND_CARRIED_MAX} attempts carried by hand wait already`)
    if (offer) this.refused('signal', offer.droppedCandidates)
    this.#attemptById.set(id, new Attempt({ id, role, gatherFirst, offer }, this))
  }

  #handCarried(): number {
    return [...this.#attemptById.values()].filter(({ gatherFirst, link }) => gatherFirst && !link).length
  }

  #failLater(attempt: AttemptId, stage: 'signaling' | 'budget', detail: string): void {
    queueMicrotask(() => {
      if (!this.#isDestroyed) this.tell({ type: 'failed', attempt, stage, detail })
    })
  }

  #extend(stalledMs: number): void {
    for (const attempt of this.#attemptById.values()) attempt.extend(stalledMs)
  }

  #warnOfStun(urls: number): void {
    if (urls <= STUN_URLS_MAX) return
    const detail = `${urls} STUN addresses; more than ${STUN_URLS_MAX} slow every connection`
    // A listener is set before any other call, and so before this is said.
    queueMicrotask(() => this.#warn('too-many-stun-servers', detail))
  }

  #warn(code: TransportWarning, detail: string): void {
    this.tell({ type: 'warning', code, link: null, detail })
  }
}
