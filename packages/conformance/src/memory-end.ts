// One end of a connection in memory: what it has sent, when it last heard anything, and whether it is still there.

import type { AttemptId, Channel, LinkId, LinkRole } from '@hyphae/core'
import type { Clock } from '@hyphae/runtime'
import { MemoryPipe } from './memory-pipe.ts'
import {
  bytesOfHex,
  encodeMemorySignal,
  hexOf,
  type MemorySignal,
  madeUpFingerprint,
} from './memory-signal.ts'
import type { MemoryWatches, WatchedEnd } from './memory-watches.ts'

/** Share of its time by which a keep-alive may be early, so that those of all links go out together. */
const EARLY_SHARE = 1 / 8
/** Bytes. Memory is never full; this only makes `writable` come as often as it may from a real transport. */
export const MEMORY_ROOM_BYTES = 1024 * 1024

/** What an end needs of the transport it belongs to. */
export interface MemoryOwner {
  readonly name: string
  readonly clock: Clock
  readonly watches: MemoryWatches
  /** A crashed transport says and hears nothing. */
  readonly isDead: boolean
  delayTo(name: string, bytes: number): number
  opened(end: MemoryEnd): void
  received(end: MemoryEnd, channel: Channel, bytes: Uint8Array): void
  silent(end: MemoryEnd): void
  writable(end: MemoryEnd, channel: Channel): void
  ended(end: MemoryEnd, reason: string): void
}

interface Watch {
  readonly keepaliveMs: number
  readonly silenceMs: number
}

export class MemoryEnd implements WatchedEnd {
  readonly attempt: AttemptId
  readonly role: LinkRole
  readonly owner: MemoryOwner
  readonly #number: number
  readonly fingerprint: Uint8Array
  /** Set by the other side's signal, as with real certificates: whoever changes signals changes it too. */
  remoteFingerprint: Uint8Array = new Uint8Array(32)
  link: LinkId | null = null
  cancelDeadline: () => void = () => undefined
  #remote: MemoryEnd | null = null
  readonly #pipes: Readonly<Record<Channel, MemoryPipe>>
  #isEnded = false
  #watch: Watch | null = null
  #lastSentAt = 0
  #lastReceivedAt = 0
  #isSilent = false
  #spentBytes: Record<Channel, number> = { control: 0, bulk: 0 }

  constructor(owner: MemoryOwner, attempt: AttemptId, { role, number }: { role: LinkRole; number: number }) {
    this.owner = owner
    this.attempt = attempt
    this.role = role
    this.#number = number
    this.fingerprint = madeUpFingerprint(owner.name, number)
    this.#pipes = { control: new MemoryPipe(owner.clock), bulk: new MemoryPipe(owner.clock) }
  }

  signal(kind: MemorySignal['kind']): Uint8Array {
    const fingerprint = hexOf(this.fingerprint)
    return encodeMemorySignal({ kind, endpoint: this.owner.name, end: this.#number, fingerprint })
  }

  meet(remote: MemoryEnd | null, signal: MemorySignal): void {
    this.#remote = remote
    this.remoteFingerprint = bytesOfHex(signal.fingerprint)
  }

  /** Said by the dialer, once it has the answer: the listener opens, and then the dialer. */
  open(): void {
    this.#transmit('control', 0, (listener) => {
      listener.owner.opened(listener)
      listener.#transmit('control', 0, (dialer) => dialer.owner.opened(dialer))
    })
  }

  send(channel: Channel, bytes: Uint8Array): void {
    const copy = bytes.slice()
    this.#transmit(channel, copy.length, (remote) => remote.#receive(channel, copy))
    this.#spentBytes[channel] += copy.length
    if (this.#spentBytes[channel] < MEMORY_ROOM_BYTES / 2) return
    this.#spentBytes[channel] = 0
    this.owner.writable(this, channel)
  }

  watch(watch: Watch): void {
    const now = this.owner.clock.now()
    this.#watch = watch
    this.#lastSentAt = Math.max(this.#lastSentAt, now - watch.keepaliveMs)
    this.#lastReceivedAt = now
    this.#isSilent = false
    this.#rewatch()
  }

  /** With `flush` what was sent arrives first; without, it is lost, as with a real connection that is torn down. */
  close(flush: boolean): void {
    const { control, bulk } = this.#pipes
    if (!flush) for (const pipe of [control, bulk]) pipe.clear()
    const remote = this.#remote
    if (remote === null || this.owner.isDead) return this.end()
    const arrive = () => {
      if (!remote.owner.isDead && !remote.#isEnded) remote.owner.ended(remote, 'remote-closed')
    }
    // Through both channels, and so after everything on either.
    bulk.push(this.owner.delayTo(remote.owner.name, 0), () => control.push(0, arrive))
    this.end()
  }

  end(): void {
    this.#isEnded = true
    this.owner.watches.forget(this)
    this.cancelDeadline()
  }

  isBetween(a: MemoryOwner, b: MemoryOwner): boolean {
    const far = this.#remote?.owner
    return (this.owner === a && far === b) || (this.owner === b && far === a)
  }

  #transmit(channel: Channel, bytes: number, arrive: (remote: MemoryEnd) => void): void {
    const remote = this.#remote
    if (remote === null || this.owner.isDead || this.#isEnded) return
    this.#lastSentAt = this.owner.clock.now()
    this.#pipes[channel].push(this.owner.delayTo(remote.owner.name, bytes), () => {
      if (!remote.owner.isDead && !remote.#isEnded) arrive(remote)
    })
  }

  #receive(channel: Channel, bytes: Uint8Array): void {
    this.#heard()
    this.owner.received(this, channel, bytes)
  }

  #heard(): void {
    this.#lastReceivedAt = this.owner.clock.now()
    if (!this.#isSilent) return
    this.#isSilent = false
    this.#rewatch()
  }

  /** Both times move on between two looks, so the next one may find nothing due. */
  look(now: number): number {
    if (this.#watch === null || this.owner.isDead) return Number.POSITIVE_INFINITY
    const { keepaliveMs } = this.#watch
    if (now >= this.#lastSentAt + keepaliveMs * (1 - EARLY_SHARE))
      this.#transmit('control', 4, (remote) => remote.#heard())
    if (now >= this.#silentAt) {
      this.#isSilent = true
      this.owner.silent(this)
    }
    return Math.min(this.#lastSentAt + keepaliveMs, this.#silentAt)
  }

  get #silentAt(): number {
    if (this.#watch === null || this.#isSilent) return Number.POSITIVE_INFINITY
    return this.#lastReceivedAt + this.#watch.silenceMs
  }

  #rewatch(): void {
    if (this.#watch === null || this.#isEnded || this.owner.isDead) return
    this.owner.watches.watch(this, Math.min(this.#lastSentAt + this.#watch.keepaliveMs, this.#silentAt))
  }
}
