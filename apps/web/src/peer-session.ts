// The peer of this page and everything views show of it, as one immutable state that React can subscribe to. It polls the
// peer's snapshot, because counters change with every message; events only add to it.

import {
  createPeer,
  HyphaeError,
  type HyphaePeer,
  type PeerSnapshot,
  type TimelineEntry,
  type TopologyPeer,
} from 'hyphae'
import { type ChatMessage, chatMessageOf, chatPayloadOf } from './chat-message.ts'
import { forgetTopic, keepTopic, LOBBY, loadTopics } from './kept-topics.ts'
import { lastingProblems, type Problem, withProblem } from './problems.ts'
import { type Settings, serversOf } from './settings.ts'
import { type StartFailure, startFailureOf } from './start-failure.ts'
import { reasonText } from './text.ts'

/** Milliseconds between two looks at the peer. */
const LOOK_MS = 1_000
/** Milliseconds between two crawls of the topology while its picture is shown, and peers one crawl asks. */
const CRAWL_MS = 10_000
const CRAWL_PEERS_MAX = 120
/** Messages kept per topic. */
const MESSAGES_MAX = 200

export type Phase =
  | { readonly phase: 'starting'; readonly done: number; readonly expected: number }
  | { readonly phase: 'running' }
  | ({ readonly phase: 'failed' } & StartFailure)
  | { readonly phase: 'stopped'; readonly message: string }

const STARTING: Phase = { phase: 'starting', done: 0, expected: 1 }

export interface SessionState {
  readonly settings: Settings
  readonly phase: Phase
  readonly peer: HyphaePeer | null
  readonly snapshot: PeerSnapshot | null
  readonly servers: readonly { readonly url: string; readonly state: string; readonly detail: string }[]
  readonly timeline: readonly TimelineEntry[]
  readonly problems: readonly Problem[]
  readonly topology: readonly TopologyPeer[]
  readonly crawling: boolean
  /** Of the topics this page listens to, in the order in which they were joined. */
  readonly messagesByTopic: ReadonlyMap<string, readonly ChatMessage[]>
  /** Messages of others since a topic was last open; none for the others. */
  readonly unreadByTopic: ReadonlyMap<string, number>
}

export class PeerSession {
  #state: SessionState
  readonly #listeners = new Set<() => void>()
  #offByTopic = new Map<string, () => void>()
  #viewers = 0
  #readTopic: string | null = null

  constructor(settings: Settings) {
    this.#state = {
      settings,
      phase: STARTING,
      peer: null,
      snapshot: null,
      servers: [],
      timeline: [],
      problems: [],
      topology: [],
      crawling: false,
      messagesByTopic: new Map(),
      unreadByTopic: new Map(),
    }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly getState = (): SessionState => this.#state

  /** Starts the peer; failures become a phase that the page explains. */
  start(storage: 'indexeddb' | 'memory' = 'indexeddb'): void {
    this.#set({ phase: STARTING })
    this.#start(storage).catch((error: unknown) =>
      this.#set({ phase: { phase: 'failed', ...startFailureOf(error) } }),
    )
  }

  async #start(storage: 'indexeddb' | 'memory'): Promise<void> {
    const { settings } = this.#state
    const peer = await createPeer({
      storage,
      network: settings.network,
      signaling: serversOf(settings),
      iceServers: settings.iceServers,
      linksMax: settings.linksMax,
      onProgress: (progress) => {
        if (progress.stage === 'identity') this.#set({ phase: { phase: 'starting', ...progress } })
      },
    })
    this.#set({ peer, phase: { phase: 'running' } })
    peer.on('status', () => this.#look())
    peer.on('peer-joined', () => this.#look())
    peer.on('peer-left', () => this.#look())
    peer.on('problem', (error) => this.#set({ problems: withProblem(this.#state.problems, error) }))
    peer.on('stopped', (error) => this.#set({ phase: { phase: 'stopped', message: reasonText(error) } }))
    setInterval(() => this.#look(), LOOK_MS)
    setInterval(() => this.#crawlIfSeen(), CRAWL_MS)
    document.addEventListener('visibilitychange', () => {
      this.#crawlIfSeen()
      if (this.#readTopic !== null && document.visibilityState === 'visible')
        this.#setUnread(this.#readTopic, 0)
    })
    for (const name of [LOBBY, ...loadTopics(settings.network)]) this.#listen(name)
    this.#look()
  }

  /** Joined again after a reload. */
  joinTopic(name: string): void {
    this.#listen(name)
    keepTopic(this.#state.settings.network, name)
  }

  /** Listens to a topic and keeps what is said in it. */
  #listen(name: string): void {
    const { peer } = this.#state
    if (peer === null || this.#offByTopic.has(name)) return
    const off = peer.topic(name).on('message', (received) => {
      const message = chatMessageOf(received, Date.now())
      if (message !== null) this.#addMessage(name, message)
    })
    this.#offByTopic.set(name, off)
    this.#setMessages(name, [])
  }

  leaveTopic(name: string): void {
    this.#offByTopic.get(name)?.()
    this.#offByTopic.delete(name)
    forgetTopic(this.#state.settings.network, name)
    const messagesByTopic = new Map(this.#state.messagesByTopic)
    messagesByTopic.delete(name)
    this.#set({ messagesByTopic })
    this.#setUnread(name, 0)
  }

  /** The topic is open until the returned function is called: what is said in it is read. */
  readTopic(name: string): () => void {
    this.#readTopic = name
    this.#setUnread(name, 0)
    return () => {
      this.#readTopic = null
    }
  }

  /** Links the message was handed to. Rejects as `publish` does, and with a RangeError where the text is too long. */
  async say(topic: string, name: string, text: string): Promise<number> {
    const { peer } = this.#state
    if (peer === null) throw new HyphaeError('CLOSED', 'the peer has not started')
    const { recipients } = await peer.topic(topic).publish(chatPayloadOf(name, text, Date.now()))
    return recipients
  }

  /** The picture of the topology is on screen until the returned function is called: crawl now and then. */
  watchTopology(): () => void {
    this.#viewers += 1
    this.#crawlIfSeen()
    return () => {
      this.#viewers -= 1
    }
  }

  #crawlIfSeen(): void {
    const { peer, crawling, snapshot } = this.#state
    if (peer === null || crawling || this.#viewers === 0 || (snapshot?.links.length ?? 0) === 0) return
    // Nobody sees the picture in a hidden tab, and a crawl asks the whole network.
    if (document.visibilityState === 'hidden') return
    this.#set({ crawling: true })
    const found = new Map<string, TopologyPeer>()
    peer
      .topology({ peersMax: CRAWL_PEERS_MAX, onPeer: (found_) => found.set(found_.peer, found_) })
      .then((result) => this.#set({ topology: result.peers, crawling: false }))
      .catch(() => {
        // A crawl that runs out of time still saw something; the next one is seconds away.
        this.#set({ topology: [...found.values()], crawling: false })
      })
  }

  #look(): void {
    const { peer, phase } = this.#state
    if (peer === null || phase.phase !== 'running') return
    const { servers } = peer
    const problems = lastingProblems(this.#state.problems, servers)
    this.#set({ snapshot: peer.snapshot(), servers, problems, timeline: peer.timeline() })
  }

  #addMessage(topic: string, message: ChatMessage): void {
    const known = this.#state.messagesByTopic.get(topic) ?? []
    this.#setMessages(topic, [...known, message].slice(-MESSAGES_MAX))
    const isRead = topic === this.#readTopic && document.visibilityState === 'visible'
    if (!isRead && message.from !== this.#state.peer?.id)
      this.#setUnread(topic, (this.#state.unreadByTopic.get(topic) ?? 0) + 1)
  }

  #setMessages(topic: string, messages: readonly ChatMessage[]): void {
    this.#set({ messagesByTopic: new Map(this.#state.messagesByTopic).set(topic, messages) })
  }

  #setUnread(topic: string, count: number): void {
    const unreadByTopic = new Map(this.#state.unreadByTopic)
    if (count === 0) unreadByTopic.delete(topic)
    else unreadByTopic.set(topic, count)
    this.#set({ unreadByTopic })
  }

  dismissProblems(): void {
    this.#set({ problems: [] })
  }

  #set(change: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }
}
