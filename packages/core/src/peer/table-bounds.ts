// What each table of a peer may hold at most, whatever remotes do, and which tables may fill: for tests and checkers that
// nothing grows without bound. A table that is not here fails them.

import {
  ACCEPTS_MAX,
  ANNOUNCED_PER_LINK_MAX,
  AUTHOR_TREES_MAX,
  AUTHORS_MAX,
  AWAITED_MAX,
  BUCKET_CANDIDATES_MAX,
  BUCKET_CONTACTS_MAX,
  DIALS_MAX,
  FINDS_IN_MAX,
  FINDS_OUT_MAX,
  FORWARDED_TOPICS_MAX,
  GOODBYES_MAX,
  JOBS_PER_LINK_MAX,
  JOBS_WAITING_PER_LINK_MAX,
  LOOKUPS_MAX,
  MESSAGES_CACHED_BYTES_MAX,
  MESSAGES_CACHED_MAX,
  MISSING_MAX,
  NEWCOMERS_MAX,
  OPERATIONS_MAX,
  PARKED_BYTES_MAX,
  PARKED_COPIES_MAX,
  PUBLISH_QUEUE_MAX,
  RECORDS_HELD_MAX,
  REFUSED_IDS_MAX,
  REMEMBERED_PEERS_MAX,
  REQUEST_IDS_MAX,
  REQUESTS_IN_MAX,
  REQUESTS_OUT_MAX,
  RESPONSES_KEPT_MAX,
  ROUTE_BYTES_MAX,
  ROUTES_FINISHED_MAX,
  ROUTES_MAX,
  SEEN_IDS_MAX,
  SIBLINGS_MAX,
  TOPICS_MAX,
} from '../limits.ts'

/** Bits of the id space in which there may be contacts besides our siblings. */
const BUCKETS = 256
/** Signals of one attempt, each of which has an operation. */
const SIGNALS_PER_ATTEMPT = 32

/** Bounds for a peer with so many links at most, of which it wants as many. */
function boundsFor(linksMax: number): Readonly<Record<string, number>> {
  const attempts = DIALS_MAX + ACCEPTS_MAX + linksMax
  const connections = linksMax + GOODBYES_MAX
  const contacts = BUCKETS * BUCKET_CONTACTS_MAX + SIBLINGS_MAX
  return {
    connections,
    spareLinks: linksMax,
    standings: REMEMBERED_PEERS_MAX,
    wants: linksMax,
    dialFailures: REMEMBERED_PEERS_MAX,
    introducedBy: REMEMBERED_PEERS_MAX,
    offersSeen: 2 * REMEMBERED_PEERS_MAX,
    attempts,
    signalOperations: attempts * SIGNALS_PER_ATTEMPT,
    boxes: 16 * ACCEPTS_MAX,
    boxesSeen: 64 * ACCEPTS_MAX,
    boxBudgets: 2 * REMEMBERED_PEERS_MAX,
    offerBudgets: 2 * REMEMBERED_PEERS_MAX,
    contacts,
    candidates: BUCKETS * BUCKET_CANDIDATES_MAX,
    siblings: SIBLINGS_MAX,
    departed: REMEMBERED_PEERS_MAX,
    probes: FINDS_OUT_MAX,
    probesWaiting: FINDS_OUT_MAX,
    wanted: linksMax,
    resting: contacts,
    correspondents: linksMax,
    learnedServers: 32,
    unheardLinks: linksMax,
    bridges: linksMax,
    awaited: AWAITED_MAX,
    links: linksMax,
    routes: ROUTES_MAX,
    routeBytes: ROUTE_BYTES_MAX,
    finishedRoutes: 2 * ROUTES_FINISHED_MAX,
    routeLinks: linksMax,
    answeredRoutes: ROUTES_MAX,
    operations: OPERATIONS_MAX,
    // Deviation, last acknowledgement and silence of each link.
    hopTimes: 3 * linksMax,
    questions: FINDS_OUT_MAX,
    findAnswers: FINDS_IN_MAX,
    lookups: LOOKUPS_MAX,
    crawls: LOOKUPS_MAX,
    recordsHeld: RECORDS_HELD_MAX,
    storeCalls: OPERATIONS_MAX,
    storeFanOuts: ROUTES_MAX,
    storeJobs: ROUTES_MAX,
    storeRoutes: ROUTES_MAX,
    storeCopies: 2 * OPERATIONS_MAX,
    storeRanks: RECORDS_HELD_MAX,
    storeNewcomers: NEWCOMERS_MAX,
    storeRepairs: RECORDS_HELD_MAX,
    gossipTopics: TOPICS_MAX + FORWARDED_TOPICS_MAX,
    gossipAnnounced: linksMax * ANNOUNCED_PER_LINK_MAX,
    gossipSeen: 2 * SEEN_IDS_MAX,
    gossipRefused: 2 * REFUSED_IDS_MAX,
    gossipMessages: MESSAGES_CACHED_MAX,
    gossipMessageBytes: MESSAGES_CACHED_BYTES_MAX,
    gossipMissing: MISSING_MAX,
    gossipParked: PARKED_COPIES_MAX,
    gossipParkedBytes: PARKED_BYTES_MAX,
    gossipAuthors: AUTHORS_MAX,
    gossipAuthorTrees: AUTHOR_TREES_MAX,
    gossipPublishing: PUBLISH_QUEUE_MAX,
    requestsOut: REQUESTS_OUT_MAX,
    requestsChecking: REQUESTS_IN_MAX,
    // As many again are refused, which takes a signature; answers of all may have to make their own way.
    requestsIn: 2 * REQUESTS_IN_MAX,
    requestIds: 2 * REQUEST_IDS_MAX,
    responsesKept: RESPONSES_KEPT_MAX,
    responsesRouted: OPERATIONS_MAX,
    // Those of links, and our own of every machine.
    jobs: JOBS_PER_LINK_MAX * connections + OPERATIONS_MAX,
    jobsWaiting: JOBS_WAITING_PER_LINK_MAX * connections,
    operationOwners: OPERATIONS_MAX,
    // One per hop and operation, at most.
    timers: 2 * ROUTES_MAX,
  }
}

/** Counters that `snapshot().tables` shows beside the sizes. */
const COUNTERS = ['jobsDropped']

/**
 * Tables that remember what is over, or what is worth keeping: they fill up to their bounds and stay full, while nothing
 * happens too. All others hold what is under way.
 */
const MEMORIES: readonly string[] = [
  'standings',
  'dialFailures',
  'introducedBy',
  'offersSeen',
  'boxesSeen',
  'boxBudgets',
  'offerBudgets',
  'contacts',
  'candidates',
  'departed',
  'resting',
  'learnedServers',
  'finishedRoutes',
  'hopTimes',
  'recordsHeld',
  'storeRanks',
  'gossipSeen',
  'gossipRefused',
  'gossipMessages',
  'gossipMessageBytes',
  'gossipAuthors',
  'gossipAuthorTrees',
  'requestIds',
  'responsesKept',
]

/** Whether a table of this name holds what is under way, so that it does not grow while nothing happens. */
export function holdsWork(table: string): boolean {
  return !MEMORIES.includes(table) && !COUNTERS.includes(table)
}

/** Tables beyond their bound, or without one. */
export function outOfBounds(tables: Readonly<Record<string, number>>, linksMax: number): string[] {
  const bounds = boundsFor(linksMax)
  return Object.entries(tables).flatMap(([name, size]) => {
    if (COUNTERS.includes(name)) return []
    const bound = bounds[name]
    if (bound === undefined) return [`table ${name} has no bound in peer/table-bounds.ts`]
    return size > bound ? [`table ${name} has ${size} entries of at most ${bound}`] : []
  })
}
