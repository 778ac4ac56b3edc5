// Messages of 1 KiB from one peer, and from all in turn, to all others.

import { randomFillSync } from 'node:crypto'
import { pause, type RivalNetwork } from './rival-network.ts'
import { percentile, round, Stopwatch } from './statistics.ts'

export interface GossipFigures {
  /** Processor time of the whole process while messages were published, by deliveries. */
  readonly cpuUsPerDelivery: number
  /** The same without what these peers take when idle for as long. */
  readonly cpuUsPerDeliveryOverIdle: number
  readonly deliveryP50Ms: number
  readonly deliveryP99Ms: number
  readonly deliveries: number
  readonly deliveredShare: number
}

export interface GossipPlan {
  readonly peers: number
  readonly publishes: number
  /** Milliseconds between publishes at least; a message is published only once the one before it arrived everywhere. */
  readonly paceMs: number
  /** Milliseconds of processor time per second that the whole network takes when idle. */
  readonly idleCpuMsPerSecond: number
}

const PAYLOAD_BYTES = 1_024
/** Milliseconds after which a message that is not everywhere yet is counted as lost where it is missing. */
const LOST_MS = 5_000
/** Below this share of deliveries something is wrong, and processor time by delivery says nothing. */
const DELIVERED_SHARE_MIN = 0.98

export class GossipBench {
  readonly #network: RivalNetwork
  readonly #latenciesMs: number[] = []
  readonly #payload = new Uint8Array(PAYLOAD_BYTES)
  #number = 0
  #publishedAt = 0
  #missing = 0
  #onComplete: () => void = () => {}

  constructor(network: RivalNetwork) {
    this.#network = network
  }

  async start(): Promise<void> {
    await this.#network.subscribe((payload) => this.#onDelivery(payload))
  }

  /** `authorOf` says who publishes the message of this number. */
  async measure(plan: GossipPlan, authorOf: (index: number) => number): Promise<GossipFigures> {
    this.#latenciesMs.length = 0
    const stopwatch = new Stopwatch()
    for (let index = 0; index < plan.publishes; index++) await this.#publish(authorOf(index), plan)
    const { cpuMs, elapsedMs } = stopwatch
    const deliveries = this.#latenciesMs.length
    const deliveredShare = deliveries / (plan.publishes * (plan.peers - 1))
    if (!(deliveredShare >= DELIVERED_SHARE_MIN && deliveredShare <= 1))
      throw new Error(`${deliveries} deliveries of ${plan.publishes} messages to ${plan.peers - 1} peers`)
    const idleCpuMs = (plan.idleCpuMsPerSecond * elapsedMs) / 1_000
    return {
      cpuUsPerDelivery: round((cpuMs * 1_000) / deliveries),
      cpuUsPerDeliveryOverIdle: round(((cpuMs - idleCpuMs) * 1_000) / deliveries),
      deliveryP50Ms: percentile(this.#latenciesMs, 0.5),
      deliveryP99Ms: percentile(this.#latenciesMs, 0.99),
      deliveries,
      deliveredShare: round(deliveredShare),
    }
  }

  async #publish(author: number, { peers, paceMs }: GossipPlan): Promise<void> {
    const payload = randomFillSync(this.#payload).slice()
    new DataView(payload.buffer).setUint32(0, ++this.#number)
    this.#missing = peers - 1
    const complete = new Promise<void>((resolve) => {
      this.#onComplete = resolve
    })
    this.#publishedAt = performance.now()
    await this.#network.publish(author, payload)
    await Promise.all([paceMs === 0 ? null : pause(paceMs), orLost(complete)])
  }

  /** A straggler of an earlier message is lost already. */
  #onDelivery(payload: Uint8Array): void {
    if (new DataView(payload.buffer, payload.byteOffset).getUint32(0) !== this.#number) return
    this.#latenciesMs.push(performance.now() - this.#publishedAt)
    if (--this.#missing === 0) this.#onComplete()
  }
}

async function orLost(complete: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const lost = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LOST_MS)
  })
  await Promise.race([complete, lost])
  clearTimeout(timer)
}
