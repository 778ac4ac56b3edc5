// How many bytes a channel of one end still takes, and when its peer is to be told again: as the send queue of the
// transport over WebRTC does it.

/** Bytes of control that wait to leave before there is no room (transport-webrtc, CONTROL_BUFFERED_BYTES_MAX). */
const CONTROL_ROOM_BYTES = 256 * 1024
/** The same for bulk: between the 64 KiB and 4 MiB that a measured rate gives. */
const BULK_ROOM_BYTES = 1024 * 1024
/** Bytes beyond the room at which the link ends: the other side does not keep up (transport-webrtc, limits.ts). */
const CONTROL_OVER_BYTES_MAX = 1024 * 1024
const BULK_OVER_BYTES_MAX = 16 * 1024 * 1024

export class SendRoom {
  readonly #max: number
  readonly #overMax: number
  /** Handed over, not yet left. */
  #waiting = 0
  /** What the peer believes to be free; negative where it sent more. */
  #announced = 0

  constructor(channel: 'control' | 'bulk') {
    this.#max = channel === 'control' ? CONTROL_ROOM_BYTES : BULK_ROOM_BYTES
    this.#overMax = channel === 'control' ? CONTROL_OVER_BYTES_MAX : BULK_OVER_BYTES_MAX
  }

  /** Bytes that may be handed over: to be told to the peer, who is held to it. */
  announce(): number {
    this.#announced = Math.max(0, this.#max - this.#waiting)
    return this.#announced
  }

  /** False where the queue is full, and nothing is taken. */
  take(bytes: number): boolean {
    if (this.#waiting + bytes > this.#max + this.#overMax) return false
    this.#waiting += bytes
    this.#announced -= bytes
    return true
  }

  /** These have left. True where the peer knows of little room and there is much. */
  release(bytes: number): boolean {
    this.#waiting -= bytes
    return this.#announced < this.#max / 2 && this.#waiting <= this.#max / 2
  }
}
