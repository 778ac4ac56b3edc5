// One attempt from its beginning to its end: waiting for its turn, connecting, open. It belongs to a transport, which
// routes calls to it and passes its events on.

import type { AttemptId, Channel, LinkFailureStage, LinkId, LinkRole } from '@hyphae/core'
import { messageOf, type TransportEvent } from '@hyphae/runtime'
import type { Admission, Applicant } from './admission.ts'
import { Connection, type ConnectionEnd, type ConnectionHost, type OpenFacts } from './connection.ts'
import { hasRelay, type IceServers, type IceServersReader } from './ice-servers.ts'
import { CANDIDATES_MAX, HAND_CARRIED_MS_MAX } from './limits.ts'
import { Link } from './link.ts'
import type { WebRtcOptions } from './options.ts'
import { type ConnectionPath, UNKNOWN_PATH } from './path.ts'
import type { Description } from './sdp.ts'
import type { Alarm, SharedTimer } from './shared-timer.ts'
import type { CandidatesSignal } from './signal.ts'

/** What all attempts of one transport share. */
export interface AttemptHost {
  readonly timer: SharedTimer
  readonly admission: Admission
  readonly iceServers: IceServersReader
  readonly options: WebRtcOptions
  /** Must not be called while a call of the user is on the stack. */
  tell(event: TransportEvent): void
  nextLinkId(): LinkId
  constructed(connection: RTCPeerConnection): void
  linked(attempt: Attempt, link: Link): void
  /** Nothing more comes from it. */
  over(attempt: Attempt): void
  refused(what: 'signal' | 'channel', count: number): void
}

export interface AttemptOptions {
  readonly id: AttemptId
  readonly role: LinkRole
  readonly gatherFirst: boolean
  /** What a listener answers. */
  readonly offer: Description | null
}

export class Attempt implements Applicant, ConnectionHost {
  readonly id: AttemptId
  readonly role: LinkRole
  readonly gatherFirst: boolean
  readonly #host: AttemptHost
  readonly #deadline: Alarm
  readonly #offer: Description | null
  #connection: Connection | null = null
  #link: Link | null = null
  /** Candidates of the remote that came while this waits for its turn. */
  #pendingCandidates: string[] = []
  #candidatesTaken: number
  #isAdmitted = false
  #isConstructed = false
  #isOver = false
  #connectMsMax: number

  constructor({ id, role, gatherFirst, offer }: AttemptOptions, host: AttemptHost) {
    this.id = id
    this.role = role
    this.gatherFirst = gatherFirst
    this.#offer = offer
    this.#host = host
    this.#candidatesTaken = offer?.candidates.length ?? 0
    this.#connectMsMax = host.options.connectMsMax
    this.#deadline = host.timer.alarm(() => this.#onDeadline())
    this.#deadline.set(host.timer.now() + this.#connectMsMax)
    host.admission.apply(this)
  }

  get link(): Link | null {
    return this.#link
  }

  admitted(): void {
    this.#isAdmitted = true
    this.#host.iceServers.read().then(
      (servers) => this.#connect(servers),
      (error: unknown) => this.#fail('ice', `the ICE servers are not known: ${messageOf(error)}`),
    )
  }

  refused(detail: string): void {
    this.#fail('budget', detail)
  }

  /** The answer to our offer. An offer comes through `accept`: one here asks to negotiate again, which we never do. */
  applyDescription(answer: Description): void {
    if (answer.kind !== 'answer' || !this.#awaitsAnswer || !this.#connection)
      return this.#host.refused('signal', 1)
    this.#candidatesTaken += answer.candidates.length
    this.#host.refused('signal', answer.droppedCandidates)
    this.#deadline.set(this.#host.timer.now() + this.#connectMsMax)
    this.#connection.apply(answer)
  }

  /** The answer was announced, but is none. While we wait for it, no other will come. */
  refuseAnswer(): void {
    this.#host.refused('signal', 1)
    if (this.#awaitsAnswer) queueMicrotask(() => this.#fail('signaling', 'the answer is malformed'))
  }

  addCandidates({ candidates, droppedCandidates }: CandidatesSignal): void {
    const taken = candidates.slice(0, Math.max(0, CANDIDATES_MAX - this.#candidatesTaken))
    this.#candidatesTaken += taken.length
    this.#host.refused('signal', droppedCandidates + candidates.length - taken.length)
    if (this.#connection) this.#connection.addCandidates(taken)
    else this.#pendingCandidates.push(...taken)
  }

  /** Ends it without a word, unless it is open. */
  abandon(): void {
    if (!this.#link) this.#finish()
  }

  /** Ends it at once; an open link is reported closed. */
  destroy(): void {
    if (this.#link) this.#link.abort('destroyed')
    else this.#finish()
  }

  /** Nothing ran here for so long: every deadline moves. */
  extend(stalledMs: number): void {
    this.#deadline.postpone(stalledMs)
    this.#link?.extend(stalledMs)
  }

  path(): Promise<ConnectionPath> {
    return this.#connection?.path() ?? Promise.resolve(UNKNOWN_PATH)
  }

  signal(bytes: Uint8Array): void {
    this.#host.timer.noteRunning()
    // Carried by hand, it waits for a person from here on, and others may open meanwhile.
    if (this.gatherFirst) this.#host.admission.leave(this)
    this.#host.tell({ type: 'local-signal', attempt: this.id, bytes })
  }

  opened(facts: OpenFacts): void {
    this.#host.timer.noteRunning()
    this.#deadline.clear()
    this.#host.admission.leave(this)
    const { pipes, ...told } = facts
    const link = this.#newLink(pipes, facts.bulkBytesMax)
    this.#link = link
    this.#host.linked(this, link)
    this.#host.tell({ type: 'opened', link: link.id, attempt: this.id, role: this.role, ...told })
    link.announce()
  }

  message(channel: Channel, bytes: Uint8Array): void {
    this.#link?.receive(channel, bytes, this.#host.timer.noteRunning())
  }

  low(channel: Channel): void {
    this.#host.timer.noteRunning()
    this.#link?.onLow(channel)
  }

  channelRefused(): void {
    this.#host.refused('channel', 1)
  }

  ended({ stage, detail }: ConnectionEnd): void {
    if (this.#link) this.#close(this.#link.closingReason ?? endOfLink(stage, detail))
    else this.#fail(stage, detail)
  }

  get #awaitsAnswer(): boolean {
    return this.role === 'dialer' && this.#connection?.hasRemoteDescription === false
  }

  #connect(servers: IceServers): void {
    if (this.#isOver) return
    const { options, timer } = this.#host
    if (hasRelay(servers)) this.#connectMsMax = options.connectRelayMsMax
    this.#deadline.set(timer.now() + (this.gatherFirst ? HAND_CARRIED_MS_MAX : this.#connectMsMax))
    const connection = this.#construct(servers)
    if (!connection) return
    this.#connection = connection
    if (this.#offer) connection.apply(this.#offer)
    connection.addCandidates(this.#pendingCandidates)
    this.#pendingCandidates = []
  }

  #construct(servers: IceServers): Connection | null {
    const { options, timer } = this.#host
    const { relayOnly, holdsCandidates, wrtc } = options
    const config: RTCConfiguration = {
      iceServers: [...servers],
      iceTransportPolicy: relayOnly ? 'relay' : 'all',
    }
    const isDialer = this.role === 'dialer'
    try {
      const connection = new Connection(
        { isDialer, gatherFirst: this.gatherFirst, holdsCandidates, config, wrtc, timer },
        this,
      )
      this.#isConstructed = connection.rtc !== null
      if (connection.rtc) this.#host.constructed(connection.rtc)
      return connection
    } catch (error) {
      this.#fail('ice', messageOf(error))
      return null
    }
  }

  #newLink(pipes: OpenFacts['pipes'], bulkBytesMax: number): Link {
    const { timer, tell } = this.#host
    return new Link({
      id: this.#host.nextLinkId(),
      pipes,
      bulkBytesMax,
      timer,
      tell,
      finish: () => this.#connection?.finish(),
      end: (reason) => this.#close(reason),
    })
  }

  #onDeadline(): void {
    if (!this.#isAdmitted) return this.#fail('budget', 'too many attempts were before it')
    this.#fail('timeout', this.#connection?.progress() ?? 'the ICE servers are not known')
  }

  #fail(stage: LinkFailureStage, detail: string): void {
    if (this.#isOver) return
    this.#finish()
    this.#host.tell({ type: 'failed', attempt: this.id, stage, detail })
  }

  #close(reason: string): void {
    if (this.#isOver || !this.#link) return
    const { id } = this.#link
    this.#link.stop()
    this.#finish()
    this.#host.tell({ type: 'closed', link: id, reason })
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#deadline.clear()
    this.#host.admission.leave(this)
    this.#connection?.destroy()
    this.#connection = null
    if (this.#isConstructed) this.#host.admission.noteClosed()
    this.#host.over(this)
  }
}

/** A stack reports the other end's goodbye as an error of the channel, or not at all. */
function endOfLink(stage: LinkFailureStage, detail: string): string {
  return stage === 'channel' ? 'remote-closed' : `connection lost: ${detail}`
}
