// Every bound of this transport, with its unit, its meaning and where it comes from.

/** Bytes of one signal. What introducers carry (signaling server, overlay); a usual offer has about 600. */
export const SIGNAL_BYTES_MAX = 12 * 1024
/**
 * Candidates told to a remote, or taken from one, in the description or trickled; the rest is dropped. All fit into one signal. A guess:
 * host, reflexive and relayed ones of 8 interfaces, for IPv4 and IPv6, make 48.
 */
export const CANDIDATES_MAX = 64
/** Lines of a session description. Browsers write about 25 beside candidates. */
export const SDP_LINES_MAX = 200

/** Milliseconds that candidates, and the description before them, wait for company. Host candidates take 1 to 10. */
export const BATCH_MS = 20
/** Milliseconds to gather before a description that is carried by hand is handed out. A dead STUN server takes longer. */
export const GATHER_MS_MAX = 3_000
/**
 * Milliseconds a description carried by hand stays good: a person copies and pastes it. Firefox keeps to this as dialer
 * alone: as listener it gives up 5 s after its answer where nobody connects (153, `trickle_grace_period`; measured).
 */
export const HAND_CARRIED_MS_MAX = 10 * 60_000
/** Milliseconds that the candidates of such an offer are held (`holdsCandidates`): a program has carried the answer then. */
export const HELD_OFFER_MS = 1_000
/** Hand-carried attempts at once. They wait long, so they do not count as opening. */
export const HAND_CARRIED_MAX = 4

/** Milliseconds to connect in. js-libp2p waits 10 s, WebTorrent 25 s. */
export const CONNECT_MS_MAX = 15_000
/** The same with a TURN server: allocation and relaying take longer than 10 s on slow paths. */
export const CONNECT_RELAY_MS_MAX = 25_000
/** Milliseconds the application's function may take to name ICE servers. */
export const ICE_SERVERS_MS_MAX = 5_000
/** Milliseconds for which its answer is used again: a burst of dials asks once. */
export const ICE_SERVERS_FRESH_MS = 60_000
/** STUN addresses beyond which Firefox and Chromium print warnings and gathering slows down. */
export const STUN_URLS_MAX = 4

/** Connections being opened at once. Each costs ICE checks and a DTLS handshake. */
export const OPENING_MAX = 8
/** Dials waiting for their turn; one more fails. A joining peer wants about 40 links. */
export const DIALS_WAITING_MAX = 40
/** Accepts waiting for their turn. They go first: somebody else already paid for theirs. */
export const ACCEPTS_WAITING_MAX = 16
/** Connections made in one burst, and per second in the long run. A guess between joining fast and garbage. */
export const CONSTRUCTION_BURST = 50
export const CONSTRUCTIONS_PER_SECOND = 4
/** Connections not yet collected. Chromium throws at 500 in one process, and frees them only by garbage collection. */
export const CONNECTIONS_MAX = 400

/** Bytes of a control message: what every WebRTC stack takes. */
export const CONTROL_BYTES_MAX = 16 * 1024
/** Bytes of a bulk message: what Chromium takes; the other end may take less. */
export const BULK_BYTES_MAX = 256 * 1024
/** Bytes of messages kept that came before both channels were open. A handshake is below 1 KiB. */
export const EARLY_BYTES_MAX = 512 * 1024
/** Channels that a remote opens beside ours and finds closed again, before it loses the link: ours never opens any. A guess. */
export const REFUSED_CHANNELS_MAX = 8

/** Bytes of control handed to the stack at once; above, they wait in our own queue. */
export const CONTROL_BUFFERED_BYTES_MAX = 256 * 1024
/** Bytes of control in our queue at which the link ends: the other end does not keep up. */
export const CONTROL_QUEUED_BYTES_MAX = 1024 * 1024
/** Bytes of bulk handed to the stack: `BULK_BUFFERED_MS` of the measured rate, within these. Chromium throws at 16 MiB. */
export const BULK_BUFFERED_BYTES_MIN = 64 * 1024
export const BULK_BUFFERED_BYTES_MAX = 4 * 1024 * 1024
/** Milliseconds that control may wait behind bulk. */
export const BULK_BUFFERED_MS = 50
/** Bytes of bulk in our queue at which the link ends. */
export const BULK_QUEUED_BYTES_MAX = 16 * 1024 * 1024

/** Milliseconds that a closing link waits for the next of its queued bytes to leave, and for the other end to close. */
export const FLUSH_STALL_MS_MAX = 1_000
/** Milliseconds that a closing link waits in all, while bytes do leave. */
export const FLUSH_MS_MAX = 5_000
