// Every bound of core, with unit, meaning and source. "Guess" marks a number that no measurement has settled yet.

// Wire

/** Bytes of one channel message on control: what every WebRTC stack accepts; browsers take 256 KiB among themselves. */
export const CONTROL_MESSAGE_BYTES_MAX = 16 * 1024
/** Bytes of one frame: a channel message less the two bytes of its length. */
export const FRAME_BYTES_MAX = CONTROL_MESSAGE_BYTES_MAX - 2
/** Bytes of one message on bulk (Chromium's `max-message-size`). */
export const BULK_MESSAGE_BYTES_MAX = 256 * 1024
/** Bytes of an application's payload in one gossip message, request or response: a frame less the largest envelope. */
export const PAYLOAD_BYTES_MAX = 15 * 1024
/** Characters of a topic, method, namespace or record name in UTF-8 bytes. */
export const NAME_BYTES_MAX = 255
/** Contacts in one list: 40 × 72 bytes, of which PEER_EXCHANGE carries two. */
export const CONTACTS_PER_FRAME_MAX = 40

// Links

/** Links of one peer: "safe cross-browser" number of RTCPeerConnections (field research, section 4). */
export const LINKS_MAX = 50
/** Connections beyond these that wait for the answer to their goodbye; most have it within a round trip. Guess. */
export const GOODBYES_MAX = 8
/** Milliseconds from an open channel to both proofs. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
/** Milliseconds a dial or accept may take, signaling included: a slow TURN path needs more than 10 s. */
export const ATTEMPT_TIMEOUT_MS = 20_000
/** Frames and bytes kept between a remote's proof and its verification. */
export const EARLY_FRAMES_MAX = 64
export const EARLY_BYTES_MAX = 64 * 1024
/** Dials under way at once: more compete for the same ICE and certificate work. */
export const DIALS_MAX = 4
/** Accepts under way at once. */
export const ACCEPTS_MAX = 8
/** Offers that one identity may send us per minute: more cost us a key agreement each, and no connection. */
export const OFFERS_PER_IDENTITY_PER_MINUTE = 6
/** Offers that one link may forward to us per minute. */
export const OFFERS_PER_LINK_PER_MINUTE = 60
/** Offers we look at per minute altogether, each of which costs an RTCPeerConnection (Chromium: 500 live ones). */
export const OFFERS_PER_MINUTE = 120
/** Milliseconds that nobody must want a link before it is pruned: else what one end chooses the other would prune, in turns. Guess. */
export const PRUNE_AFTER_MS = 30_000
/** Keep-alive and death of leaf links, and of the rest. */
export const LEAF_KEEPALIVE_MS = 1_000
export const LEAF_SILENCE_MS = 3_000
export const LINK_KEEPALIVE_MS = 2_500
export const LINK_SILENCE_MS = 7_500
/** Milliseconds between two pings of one link: they measure the round trip, liveness is the port's. */
export const PING_EVERY_MS = 300_000
/** First and longest pause before a contact is dialed again. */
export const REDIAL_MIN_MS = 1_000
export const REDIAL_MAX_MS = 120_000
/** Jobs of one link under way: verifications and boxes. */
export const JOBS_PER_LINK_MAX = 64
/** Jobs of one link that wait; above that they are dropped and counted (docs/decisions/007). Guess: 0.1 s of verifications. */
export const JOBS_WAITING_PER_LINK_MAX = 512
/** Bytes queued on control before lazy gossip is dropped, and before the link is closed as overloaded. */
export const CONTROL_QUEUE_BYTES_LAZY = 256 * 1024
export const CONTROL_QUEUE_BYTES_MAX = 4 * 1024 * 1024
/** Score a peer begins with, at which it is pruned, and at which it is banned; offences cost 1 to 25. */
export const SCORE_START = 100
export const SCORE_PRUNED = 50
export const SCORE_BANNED = 0
/** Points of score that come back per minute. */
export const SCORE_PER_MINUTE = 5
/** Milliseconds of a ban. */
export const BAN_MS = 10 * 60_000
/** Banned, refused or failed identities remembered. */
export const REMEMBERED_PEERS_MAX = 1_024

// Routing

/** Contacts per bucket. Kademlia (Maymounkov & Mazières, 2002), k. */
export const BUCKET_CONTACTS_MAX = 20
/** Contacts waiting for a place in one bucket. */
export const BUCKET_CANDIDATES_MAX = 8
/** Peers whom introducers named that a newcomer waits for before it counts as joined: where more are known, nobody is waited for. */
export const AWAITED_MAX = 36
/** Contacts closest to ourselves that we keep: twice k, so that half may be dead (S/Kademlia, 2007, sibling list). */
export const SIBLINGS_MAX = 40
/** Newcomers among them remembered: every sibling may be one, and may be replaced while it is. */
export const NEWCOMERS_MAX = SIBLINGS_MAX * 4
/** Links to the contacts closest to us. */
export const LEAF_LINKS = 8
/** Links per bucket outside the leaf region. */
export const BUCKET_LINKS = 3
/** Links chosen by chance: they make the graph an expander. */
export const RANDOM_LINKS = 3
/** Milliseconds a contact has to answer a probe (FIND); then it counts as dead, and a newer one may take its place. */
export const PROBE_TIMEOUT_MS = 5_000
/** Milliseconds between looks at one bucket; Kademlia refreshes after an hour, tabs live shorter. */
export const BUCKET_REFRESH_MS = 10 * 60_000
/** Milliseconds between two savings of contacts that changed. */
export const CONTACTS_SAVE_MS = 15_000
/** Contacts kept over a restart. */
export const CONTACTS_SAVED_MAX = 200

// Routed messages

/** Hops of one routed message, spent across backtracking too. */
export const HOPS_MAX = 24
/** Milliseconds a hop remembers the way back. */
export const ROUTE_STATE_MS = 10_000
/** Milliseconds the way back of a signal is remembered: an answer needs ICE gathering first. */
export const SIGNAL_STATE_MS = 30_000
/** Routed messages under way that one link may have put into our memory. */
export const ROUTES_PER_LINK_MAX = 512
/** Least and most milliseconds to wait for a hop's acknowledgement. */
export const HOP_TIMEOUT_MIN_MS = 40
export const HOP_TIMEOUT_MAX_MS = 2_000
/** Least milliseconds that others give the target of a message itself: a busy page lives. Longer, and the dead hold things up (docs/decisions/024). */
export const HOP_TARGET_MS = 500
/** Milliseconds assumed for a hop whose round trip is not known. */
export const HOP_RTT_UNKNOWN_MS = 250
/** Milliseconds a hop that did not acknowledge is tried last: after that its link's own silence decides. */
export const HOP_SUSPECT_MS = LINK_SILENCE_MS
/** First hops in parallel: of a request to somebody without a link, and of a GET, where the first answer counts. */
export const ROUTE_PATHS = 2
export const GET_PATHS = 4
/** First hops that one operation adds while it hears nothing. */
export const ROUTE_HEDGES_MAX = 1
/** First hops of one operation, hedges included: bounds its work to this times HOPS_MAX. */
export const ROUTE_PATHS_MAX = 5
/** Hops a GET may look around once no neighbour is closer to the key: bounds the work for a key that nobody holds. */
export const DETOUR_HOPS_MAX = 8
/** Hops that a forwarder who found the target dead leaves to a probe: to a neighbour of it, and to the target itself. */
export const DEPARTED_HOPS_MAX = 2
/** Replies that one way of one operation may bring back: one per replica of a STORE, and room. */
export const REPLIES_PER_ROUTE_MAX = 64
/** Routed messages in memory, and their bytes: those of 16 links at ROUTES_PER_LINK_MAX, 2 KiB each. Guess. */
export const ROUTES_MAX = 8_192
export const ROUTE_BYTES_MAX = 16 * 1024 * 1024
/** Bytes of those that one link may have put there: with the longest ones, two links would else keep all others out. */
export const ROUTE_BYTES_PER_LINK_MAX = ROUTE_BYTES_MAX / 8
/** Names of routed messages that are over, so that late copies are known for what they are. */
export const ROUTES_FINISHED_MAX = 8_192
/** Milliseconds between two looks for ways back that nobody needs any more. */
export const ROUTE_SWEEP_MS = 2_000
/** Operations of our own under way. */
export const OPERATIONS_MAX = 4_096
/** Least and most milliseconds before an operation that heard nothing tries one more first hop, and before there is a sample. */
export const HEDGE_MIN_MS = 150
export const HEDGE_MAX_MS = 1_500
export const HEDGE_UNKNOWN_MS = 500
/** Milliseconds after which an operation that heard nothing fails. */
export const OPERATION_TIMEOUT_MS = 10_000

// Lookups and records

/** Contacts asked at once by an iterative lookup until a round brings nobody closer. Kademlia, alpha. */
export const LOOKUP_PARALLELISM = 3
/** Milliseconds one peer has to answer a FIND. A relayed question takes 0.6 s at the median, 2 s at p99 (field research, section 3). */
export const LOOKUP_STEP_TIMEOUT_MS = 3_000
/** Milliseconds a whole lookup or crawl may take. */
export const LOOKUP_TIMEOUT_MS = 60_000
/** Peers one lookup asks: five times k, so that invented contacts cannot keep it going. It remembers k for each, and its links. */
export const LOOKUP_ASKED_MAX = 100
/** Lookups and crawls of the application under way. */
export const LOOKUPS_MAX = 64
/** Peers one crawl of the topology asks. */
export const CRAWL_PEERS_MAX = 400
/** Questions a crawl keeps in flight. */
export const CRAWL_PARALLELISM = 8
/** FINDs of others that wait for our signature, and questions of our own: finds, probes, and what lookups and crawls ask. */
export const FINDS_IN_MAX = 256
export const FINDS_OUT_MAX = 1_024
/** Bytes of a record's value; larger things are files. */
export const RECORD_BYTES_MAX = 8 * 1024
/** Bytes of an owned record's salt (BEP 44). */
export const OWNED_SALT_BYTES_MAX = 64
/** Authors a shared record may be limited to. */
export const WRITERS_MAX = 16
/** Copies of a record, on the peers closest to its key. Kademlia, k; half of them dead loses 1 key in 10^6. */
export const REPLICAS = 20
/** Acknowledgements at which a put returns: 15 of 20 (Trautwein et al., INFOCOM 2024, optimistic provide). */
export const REPLICAS_ENOUGH_SHARE = 0.75
/** Milliseconds a record lives without being stored again. Kademlia: 24 h. */
export const RECORD_TTL_MS = 24 * 60 * 60_000
/** Milliseconds between two republishings of own records. Kademlia: 1 h. */
export const REPUBLISH_MS = 60 * 60_000
/** Milliseconds a shared record's clock may be ahead of ours. */
export const CLOCK_AHEAD_MS_MAX = 10 * 60_000
/** Ticks of the hybrid logical clock per millisecond. 2^43 ms × 2^10 stays below 2^53 until the year 2248. */
export const HLC_TICKS_PER_MS = 1_024
/** Records and bytes that a peer holds for others. */
export const RECORDS_HELD_MAX = 20_000
export const RECORD_BYTES_HELD_MAX = 64 * 1024 * 1024
/** Milliseconds after a change among our siblings before records are copied to the new ones. */
export const REPAIR_DELAY_MS = 2_000
/** Records repaired per turn, or placed anew at once, so that a join does not flood a link. */
export const REPAIR_BATCH = 16
/** Bytes of copies on their way to other holders at once: at first, at least (more than any one copy) and at most (docs/decisions/024). */
export const COPIES_BYTES_START = 64 * 1024
export const COPIES_BYTES_MIN = 16 * 1024
export const COPIES_BYTES_MAX = 1024 * 1024
/** Milliseconds within which an answer to a copy shows that there is room for more: a far round trip, and a signature. Guess. */
export const COPY_PROMPT_MS = 400
/** Milliseconds after which a copy without an answer holds up no others. Guess. */
export const COPY_SILENT_MS = 1_000

// Gossip

/** Links of a topic's shared tree that we draw ourselves (Plumtree's active view is 5; we hold more links anyway). */
export const EAGER_LINKS_MAX = 8
/** Links that grafts of others may bring it to; a spanning tree has 2 on average. Guess. */
export const EAGER_LINKS_GRAFTED_MAX = 2 * EAGER_LINKS_MAX
/** What the TTL of a gossip message begins with: it tells up to as many links travelled, and ends only what an epidemic pushes. */
export const GOSSIP_HOPS_MAX = 32
/** Topics a peer subscribes to, and topics it forwards for others. */
export const TOPICS_MAX = 256
export const FORWARDED_TOPICS_MAX = 1_024
/** Topics that one link may have us forward: a quarter, so that no single neighbour displaces all others. */
export const FORWARDED_PER_LINK_MAX = FORWARDED_TOPICS_MAX / 4
/** Topics a second, and as many at once as above, that one link, and all, may have us join: all our links hear of each. Guess. */
export const JOINS_PER_LINK_PER_SECOND = 4
export const JOINS_PER_SECOND = 64
/** Topics remembered of one link: what an honest peer can be a member of. */
export const ANNOUNCED_PER_LINK_MAX = TOPICS_MAX + FORWARDED_TOPICS_MAX
/**
 * Bytes of a payload that its publisher hands to all links at once: 30 × 1 KiB takes 25 ms at 10 Mbit/s. A KiB of the
 * application's has a tag before it.
 */
export const DIRECT_PAYLOAD_BYTES_MAX = 1_025
/** Trees of authors per topic and over all topics, and the milliseconds after their last message. Guess: hot ones are few. */
export const AUTHOR_TREES_PER_TOPIC_MAX = 256
export const AUTHOR_TREES_MAX = 4_096
export const AUTHOR_TREE_MS = 120_000
/** Milliseconds by which an announcement must beat the tree to become its edge: more than the delay's own noise. */
export const SHORTCUT_MS = 10
/** Milliseconds in which a former parent's messages may still be under way. */
export const FORMER_PARENT_MS = 2_000
/** Milliseconds that ids for lazy links are gathered: one channel message instead of many. */
export const IHAVE_DELAY_MS = 30
/** Milliseconds between the stages in which what may still be lacking is announced: a round trip. */
export const IHAVE_LATE_MS = 200
/**
 * Calm topics (GS-13, decision 016): messages after which, missed by nobody, a topic is calm; the milliseconds without one that
 * end it; links that then get ids; turns of IHAVE_LATE_MS of which ids for the others wait for the last; and of how many
 * messages as many as at first are announced at once. Guesses.
 */
export const CALM_AFTER_MESSAGES = 16
export const CALM_PAUSE_MS = 2_000
export const CALM_LINKS_MAX = 6
export const CALM_TURNS = 5
export const CALM_CYCLE_MESSAGES = 512
/** Messages per topic and stage whose ids wait to be announced. */
export const ANNOUNCEMENTS_MAX = 1_024
/** Links of a topic up to which either end announces at once: few links must not wait. */
export const ANNOUNCE_TO_ALL_MAX = 8
/** Milliseconds between an announcement and the graft for what is still missing: at first, at least and at most. */
export const GRAFT_WAIT_START_MS = 100
export const GRAFT_WAIT_MIN_MS = 40
export const GRAFT_WAIT_MAX_MS = 500
/** Above it copies are slow everywhere, and a late one is no fault of the parent (docs/decisions/022). Measured: 100 is too little, 200 too much. */
export const GRAFT_WAIT_SLOW_MS = 150
/** Ids that are announced but missing: of all links, and first announced by one. 20 s of 200 messages per second. */
export const MISSING_MAX = 4_096
export const MISSING_PER_LINK_MAX = 1_024
/** Milliseconds after which a missing message is left to reconciliation. */
export const MISSING_MS = 10_000
/** Copies that wait for a verification, and their bytes. */
export const PARKED_COPIES_MAX = 1_024
export const PARKED_BYTES_MAX = 4 * 1024 * 1024
/** Milliseconds after which a verification that never came back is forgotten. */
export const PARKED_MS = 10_000
/** Ids of verified messages per generation, and the milliseconds of one (GossipSub remembers for 2 minutes). */
export const SEEN_IDS_MAX = 16_384
export const SEEN_GENERATION_MS = 120_000
/** Messages kept to answer GRAFT, their bytes, and the milliseconds they are kept. */
export const MESSAGES_CACHED_MAX = 2_048
export const MESSAGES_CACHED_BYTES_MAX = 4 * 1024 * 1024
export const MESSAGES_CACHED_MS = 90_000
/** Milliseconds that is remembered which link has a message: its last announcement and the answers to it. */
export const KNOWLEDGE_MS = 10_000
/** Authors per topic whose counters are remembered against replay, over all topics. */
export const AUTHORS_MAX = 4_096
/** Counters behind an author's newest that may still come: several seconds at the author's rate. */
export const AUTHOR_WINDOW = 1_024
/** Gossip copies of one link, at once and per second: a tree edge may carry what all others publish. Guess. */
export const COPIES_PER_LINK_BURST = 8_192
export const COPIES_PER_LINK_PER_SECOND = 2_048
/** Of these as many as we send ourselves: less than what others take, so that nobody is blamed for what came from many. */
export const COPIES_SENT_BURST = (COPIES_PER_LINK_BURST * 3) / 4
export const COPIES_SENT_PER_SECOND = (COPIES_PER_LINK_PER_SECOND * 3) / 4
/** Messages of one author, at once and per second: a tenth of what verification at 0.2 ms allows. Guess. */
export const MESSAGES_PER_AUTHOR_BURST = 2_048
export const MESSAGES_PER_AUTHOR_PER_SECOND = 512
/** Ids of what can never be new, remembered so that they are not fetched again: our own of the minute before a reload. Guess. */
export const REFUSED_IDS_MAX = 1_024
/** Frames of one link about topics and trees, at once and per second; ids cost a sixteenth each. Guess. */
export const GOSSIP_CONTROL_BURST = 4_096
export const GOSSIP_CONTROL_PER_SECOND = 512
/** Bytes that one link may graft, at once and per second. */
export const GRAFTED_BYTES_BURST = 4 * 1024 * 1024
export const GRAFTED_BYTES_PER_SECOND = 1024 * 1024
/** Publications that wait for a signature or a link, and their bytes. */
export const PUBLISH_QUEUE_MAX = 256
export const PUBLISH_QUEUE_BYTES_MAX = 2 * 1024 * 1024
/** Links toward a topic's key that a subscriber asks, and that a forwarder asks. */
export const SUBSCRIBER_PATHS = 2
export const FORWARDER_PATHS = 1
/** Milliseconds that a SUBSCRIBE lives, after which it is renewed, and between two looks at what is due. */
export const SUBSCRIBE_LIFE_MS = 150_000
export const SUBSCRIBE_RENEW_MS = 60_000
export const SUBSCRIBE_LOOK_MS = 15_000
/** Milliseconds after a new link before paths are chosen anew: joining brings links in dozens. */
export const PATHS_DELAY_MS = 1_000
/** Milliseconds between two reconciliations, how long after a message they go on, and how young a message is left to the tree. */
export const RECONCILE_MS = 10_000
export const RECONCILE_RECENT_MS = 60_000
export const RECONCILE_YOUNG_MS = 1_000
/**
 * Links chosen by chance that the strategy `epidemic` pushes a message to. lpbcast (Eugster et al., 2003) runs with 3; push alone
 * leaves out e^-4, about 2 %; to reach all in 98 of 100 cases it takes ln(peers) + 4 (Kermarrec et al., 2003).
 */
export const EPIDEMIC_FANOUT = 4
/** Links that a pushed message travels. Karp et al. (2000): log3(n) + O(log log n) rounds reach all, 11 for 10,000 peers. */
export const EPIDEMIC_TTL = 12
/** Probability with which a chosen link gets a message that is forwarded. The textbook's 1: nothing is left to chance twice. */
export const EPIDEMIC_PROBABILITY = 1
/** Milliseconds between two pulls of one topic, and what may be asked for. Demers et al. (1987) leave the period open. Guess. */
export const PULL_EVERY_MS = 1_000
export const PULL_EVERY_MS_MIN = 100
export const PULL_EVERY_MS_MAX = 10_000
/** Periods in which a message is named to whoever asks; to whom we ask, twice as many. About Karp's 11 rounds. Guess. */
export const PULL_ROUNDS = 10
/** Milliseconds of these periods at most: twice as many are less than MESSAGES_CACHED_MS. */
export const PULL_ROUNDS_MS_MAX = 40_000
/** Milliseconds after which a message that was pulled in vain is pulled elsewhere: more than a round trip. Guess. */
export const PULL_AGAIN_MS = 1_000

// Direct requests

/** Requests of others that wait for our application. */
export const REQUESTS_IN_MAX = 256
/** Of these, requests of one peer. */
export const REQUESTS_PER_PEER_MAX = 64
/** Requests of our own under way. */
export const REQUESTS_OUT_MAX = 1_024
/** Milliseconds our application has to answer before a request of another is forgotten. */
export const REQUEST_WAIT_MS = 10 * 60_000
/** Milliseconds that a request's clock and ours may differ (as CLOCK_AHEAD_MS_MAX); older ones are refused as replays. */
export const REQUEST_CLOCK_MS_MAX = 10 * 60_000
/** Ids of requests remembered against replays, per generation. */
export const REQUEST_IDS_MAX = 65_536
/** Answers kept for copies of their request that come late over a second path. */
export const RESPONSES_KEPT_MAX = 64
/** Milliseconds a request may take, if the caller says nothing. */
export const REQUEST_TIMEOUT_MS = 10_000
