/**
 * What is measured for `docs/results`: each measurement is a claim and the commands that show it, and its runs are kept in
 * `docs/results/data/NAME.json`. `targets.mjs` says what the figures should be.
 */

/**
 * @typedef {object} Measurement
 * @property {string} name of its file
 * @property {string} claim what its runs show, in one sentence
 * @property {boolean} isSimulated its figures are the simulator's, and quoted as such
 * @property {string[]} commands what follows `npm run --silent`; one of the simulator is given `--seed S --json` besides
 * @property {Layout} layout of its table on the page
 * @property {string[]} figures columns of its table; of `names`, rows
 */

/**
 * `runs`: a line per command. `rows`: a line per command and row of the object's `rows`, as of comparisons with rivals.
 * `names`: a column per member of the object that has any of the figures itself.
 *
 * @typedef {'runs' | 'rows' | 'names'} Layout
 */

/** Peers of a curve of costs; 10,000 are a measurement of their own, as a run of them takes longer than all these together. */
const SIZES = [10, 30, 100, 300, 1_000, 2_000]

const GET_FIGURES = ['getMeanMs', 'getP50Ms', 'getP99Ms', 'getSuccess', 'hopsMean', 'linksMax']
const LOOKUP_FIGURES = ['lookupP50Ms', 'lookupP99Ms', 'lookupSuccess', 'exactShare', 'askedMean', 'linksMax']
const JOIN_FIGURES = [
  ...['joinP50Ms', 'joinP99Ms', 'firstGetP50Ms', 'firstGetP99Ms', 'startToJoinedP99Ms'],
  ...['linksMean', 'linksMax', 'convergedMs', 'sizeEstimateP5Ratio', 'sizeEstimateP95Ratio'],
]
const IDLE_FIGURES = ['idleBytesPerSecond', 'idleMessagesPerSecond', 'linksMade', 'linksEnded', 'linksMean']
const GOSSIP_FIGURES = [
  'copiesPerDelivery',
  'deliveredShare',
  'gossipP50Ms',
  'gossipP99Ms',
  'gossipMaxMs',
  'linksMax',
]
const WHOLE_FIGURES = [
  ...['joinP99Ms', 'getMeanMs', 'getP50Ms', 'getP99Ms', 'getSuccess', 'hopsMean', 'putP50Ms'],
  ...['putP99Ms', 'putSuccess', 'lookupP50Ms', 'exactShare', 'copiesPerDelivery', 'gossipP99Ms'],
  ...['manyCopiesPerDelivery', 'manyDeliveredShare', 'restBytesPerSecond', 'linksMax', 'memoryMaxMiB'],
]
const FAILURE_FIGURES = [
  'lostKeys',
  'oneNetwork',
  'atOnceGetSuccess',
  'atOnceGetP99Ms',
  'getSuccess',
  'getP99Ms',
  'atOnceDeliveredShare',
  'within10sDeliveredShare',
]
const RIVAL_FIGURES = [
  'success',
  'contactsMean',
  'hopsMean',
  'latencyP50Ms',
  'latencyP99Ms',
  'latencyMeanMs',
  'messagesPerOperation',
  'bytesPerOperation',
]
const CHURN_FIGURES = [
  'lookupSuccess',
  'exactShare',
  'getSuccess',
  'deliveredShare',
  'joinP99Ms',
  'lostKeys',
  'calmGetSuccess',
  'left',
  'convergedMs',
]
const ADVERSARY_FIGURES = [
  'adversaries',
  'joinedShare',
  'putSuccess',
  'getSuccess',
  'getP99Ms',
  'lookupSuccess',
  'deliveredShare',
  'lostKeys',
]

/** @type {readonly Measurement[]} */
export const MEASUREMENTS = [
  simulated('get', 'Every value that was put is found from every peer.', {
    commands: eachSize('get', SIZES),
    figures: GET_FIGURES,
  }),

  simulated('lookup', 'An iterative lookup names the peers that are truly closest to a key.', {
    commands: eachSize('lookup', SIZES),
    figures: LOOKUP_FIGURES,
  }),

  simulated(
    'join',
    'Peers that start one after another become one network, and get a value at once; counted from the first link on.',
    {
      commands: eachSize('join', SIZES),
      figures: JOIN_FIGURES,
    },
  ),

  simulated('idle', 'A network in which nothing happens costs little; application bytes that a peer sends.', {
    commands: eachSize('idle', SIZES),
    figures: IDLE_FIGURES,
  }),
  simulated(
    'whole',
    'A network whose peers have at most 50 links each joins, stores, finds, looks up, publishes, rests, and loses half of its peers.',
    {
      commands: eachSize(
        'whole --join-every 20 --keys 5000 --every 4 --gets 1000 --lookups 50 --sources 10 --rest 20',
        [1_000, 5_000, 10_000],
      ),
      figures: [
        ...WHOLE_FIGURES,
        ...['failureLostKeys', 'failureOneNetwork', 'failureAtOnceGetSuccess', 'failureAtOnceGetP99Ms'],
        ...['failureGetSuccess', 'failureGetP99Ms', 'failureAtOnceDeliveredShare'],
        'failureWithin10sDeliveredShare',
      ],
    },
  ),
  simulated('whole-living', 'The same until the deaths, of which there are none: half the work.', {
    commands: eachSize(
      'whole --join-every 20 --keys 5000 --every 4 --gets 1000 --lookups 50 --sources 10 --rest 20 --kill 0',
      [10_000],
    ),
    figures: WHOLE_FIGURES,
  }),
  simulated('mass-failure-50', 'When half of all peers die at once, no record is lost and messages go on.', {
    commands: eachSize('mass-failure --join-every 20 --keys 1000 --gets 1000 --kill 0.5', [1_000]),
    figures: FAILURE_FIGURES,
  }),
  simulated('mass-failure-30', 'When three in ten die at once, no record is lost and messages go on.', {
    commands: eachSize('mass-failure --join-every 20 --keys 1000 --gets 1000 --kill 0.3', [300]),
    figures: FAILURE_FIGURES,
  }),
  simulated('mass-failure-80', 'When four in five die at once, the rest finds together again.', {
    commands: eachSize('mass-failure --join-every 20 --keys 1000 --gets 1000 --kill 0.8', [1_000, 10_000]),
    figures: FAILURE_FIGURES,
  }),
  simulated('mass-failure-90', 'When nine in ten die at once, the rest is one network still.', {
    commands: eachSize('mass-failure --join-every 20 --keys 1000 --gets 1000 --kill 0.9', [1_000, 10_000]),
    figures: FAILURE_FIGURES,
  }),
  simulated(
    'gossip',
    'A message from one source reaches all on a tree with hardly more copies than deliveries.',
    {
      commands: ['gossip --peers 1000'],
      figures: GOSSIP_FIGURES,
    },
  ),

  simulated('gossip-many', 'A hundred peers publish in turn on one tree; among 10,000 one message each.', {
    commands: [
      'gossip --peers 1000 --sources 100 --messages 300',
      'gossip --join-every 20 --sources 100 --messages 100 --peers 10000',
    ],
    figures: GOSSIP_FIGURES,
  }),

  simulated(
    'gossip-sizes',
    'Messages of any size reach all, on lines of 10 Mbit/s up and 50 down; 15,360 bytes are the most a message may have.',
    {
      commands: [100, 1_024, 15_360].map(
        (bytes) => `gossip --peers 300 --up 1250000 --down 6250000 --bytes ${bytes}`,
      ),
      figures: [...GOSSIP_FIGURES, 'sentBytesPerMessage'],
    },
  ),
  simulated(
    'gossip-thin-lines',
    'On lines of 1 Mbit/s up and 5 down larger messages take their time, and neither pile up nor are sent twice.',
    {
      commands: ['--bytes 1024 --every 300', '--bytes 4096 --every 500', '--bytes 15360 --every 2000'].map(
        (load) => `gossip --peers 100 --up 125000 --down 625000 ${load}`,
      ),
      figures: [...GOSSIP_FIGURES, 'sentBytesPerMessage'],
    },
  ),
  simulated(
    'records-thin-lines',
    'Records of 8,000 bytes, 20 copies of each, on lines of 1 and 5 Mbit/s up and on lines without end: they take their time, and no more.',
    {
      commands: ['--up 125000 --down 625000 ', '--up 625000 --down 3125000 ', ''].map(
        (line) => `get --peers 80 --bytes 8000 --keys 60 --every 200 --gets 200 ${line}--kinds 1`,
      ),
      figures: [
        'putP50Ms',
        'putP99Ms',
        'putSuccess',
        'storedShareMean',
        'getP50Ms',
        'getP99Ms',
        'getSuccess',
        'bytesPerGet',
      ],
    },
  ),
  simulated(
    'strategies',
    'The tree (0) beside the epidemic strategies that topics may choose: push (1), pull (2), push-pull (3).',
    {
      commands: [0, 1, 2, 3].map((strategy) => `gossip --peers 300 --strategy ${strategy}`),
      figures: [...GOSSIP_FIGURES, 'sentPerMessage', 'sentBytesPerMessage'],
    },
  ),

  simulated('rivals-gossip', 'Published ways to spread a message, and ours, over the same latencies.', {
    commands: eachSize('rivals-gossip', [100, 1_000]),
    layout: 'rows',
    figures: [...RIVAL_FIGURES, 'copiesPerDelivery'],
  }),
  simulated('rivals-gossip-many', 'Ways to spread the messages of a hundred sources, and ours.', {
    commands: ['rivals-gossip --peers 1000 --sources 100 --messages 300'],
    layout: 'rows',
    figures: [...RIVAL_FIGURES, 'copiesPerDelivery'],
  }),
  simulated('rivals-gossip-10000', 'Published ways to spread a message, and ours, among 10,000 peers.', {
    commands: ['rivals-gossip --peers 10000'],
    layout: 'rows',
    figures: [...RIVAL_FIGURES, 'copiesPerDelivery'],
  }),
  simulated('rivals-lookup', 'Published ways to find a value, and ours, over the same latencies.', {
    commands: eachSize('rivals-lookup', [100, 1_000]),
    layout: 'rows',
    figures: RIVAL_FIGURES,
  }),
  simulated('rivals-lookup-dead', 'Ways to find a value, in the instant after half of the peers died.', {
    commands: ['rivals-lookup --peers 1000 --kill 0.5'],
    layout: 'rows',
    figures: RIVAL_FIGURES,
  }),
  simulated('rivals-gossip-dead', 'Ways to spread a message, in the instant after half of the peers died.', {
    commands: ['rivals-gossip --peers 1000 --kill 0.5'],
    layout: 'rows',
    figures: RIVAL_FIGURES,
  }),
  simulated('churn', 'Half of all sessions are over after 1.4 minutes, and lookups and gets go on.', {
    commands: ['churn --peers 300 --median-minutes 1.4'],
    figures: CHURN_FIGURES,
  }),
  simulated('churn-slow', 'Half of all sessions are over after 60 or 10 minutes: five minutes of that.', {
    commands: [60, 10].map((minutes) => `churn --peers 300 --median-minutes ${minutes}`),
    figures: CHURN_FIGURES,
  }),
  simulated('flash-crowd', 'A network of 20 peers takes in 280 more within five seconds.', {
    commands: ['flash-crowd --peers 300'],
    figures: [
      ...['joinP99Ms', 'startToJoinedP99Ms', 'amidGetSuccess', 'amidGetP99Ms', 'convergedMs'],
      ...['getSuccess', 'getP99Ms', 'lostKeys', 'linksMean', 'linksMax'],
    ],
  }),
  simulated(
    'lossy',
    'Packets are lost everywhere, or out of and in to some peers only: messages and values arrive all the same.',
    {
      commands: [
        'lossy --peers 300',
        'lossy --peers 300 --loss 0 --loss-out 0.2 --lossy-peers 0.5',
        'lossy --peers 300 --loss 0 --loss-in 0.2 --lossy-peers 0.5',
      ],
      figures: [
        'getMeanMs',
        'getP99Ms',
        'getSuccess',
        'putP99Ms',
        'deliveredShare',
        'gossipP50Ms',
        'gossipP99Ms',
      ],
    },
  ),
  simulated(
    'hidden',
    'Pages in the background, whose timers fire once a second, cost others little: none of them, and nine in ten.',
    {
      commands: ['get', 'gossip', 'mass-failure'].flatMap((scenario) =>
        [0, 0.9].map((share) => `${scenario} --peers 300 --hidden ${share}`),
      ),
      figures: [
        ...['getP50Ms', 'getP99Ms', 'getSuccess', 'putP99Ms'],
        ...['copiesPerDelivery', 'deliveredShare', 'gossipP50Ms', 'gossipP99Ms'],
        ...['atOnceGetP99Ms', 'atOnceGetSuccess', 'atOnceGossipP99Ms', 'lostKeys'],
      ],
    },
  ),
  simulated('partition', 'Two halves that do not hear each other for a minute become one network again.', {
    commands: ['partition --peers 1000'],
    figures: [
      'cutGetSuccess',
      'cutDeliveredShare',
      'convergedMs',
      'oneNetwork',
      'getSuccess',
      'deliveredShare',
      'lostKeys',
    ],
  }),
  simulated('adversary-20', 'A fifth of the peers drop, lie about or misroute what others send.', {
    commands: eachBehaviour('adversary --peers 1000 --share 0.2'),
    figures: ADVERSARY_FIGURES,
  }),
  simulated('adversary-33', 'A third of the peers drop, lie about or misroute what others send.', {
    commands: eachBehaviour('adversary --peers 1000 --share 0.33'),
    figures: ADVERSARY_FIGURES,
  }),
  simulated(
    'sybil',
    'Identities ground beside a key crowd its honest holders out; gets of other keys hardly notice.',
    {
      commands: ['sybil --peers 1000'],
      figures: [
        'attackedGetSuccess',
        'otherGetSuccess',
        'honestHoldersBefore',
        'honestHoldersAfter',
        'sybilHolders',
        'sybilLinksShare',
      ],
    },
  ),
  {
    name: 'real-time',
    claim:
      'Our peers and js-libp2p’s, 50 of each in a Node process: processor time, memory, latency, lookups.',
    isSimulated: false,
    commands: ['bench:rivals'],
    layout: 'names',
    figures: [
      'cpuUsPerDelivery',
      'cpuUsPerDeliveryOverIdle',
      'busyCpuUsPerDelivery',
      ...['idleBytesPerPeer', 'usedBytesPerPeer', 'idleCpuMsPerPeerSecond'],
      'deliveryP50Ms',
      'deliveryP99Ms',
      'deliveredShare',
      ...['lookupP50Ms', 'lookupP95Ms', 'lookupCpuMs'],
      ...['putP50Ms', 'putCpuMs', 'getP50Ms', 'getP95Ms', 'getCpuMs'],
      'cpuUsPerVerification',
    ],
  },
  {
    name: 'browsers',
    claim:
      'Real Chromium on one machine: 30 peers in 6 pages, then 50 in 10 beside a bare data channel, as of the last `npm test`.',
    isSimulated: false,
    commands: ['figures', 'figures -- fifty'],
    layout: 'runs',
    figures: [
      ...[
        'gossipP50Ms',
        'gossipP99Ms',
        'getP50Ms',
        'getP99Ms',
        'bareRoundTripP99Ms',
        'hopsMean',
        'linksMean',
      ],
      'sdkGzipBytes',
    ],
  },
]

/**
 * Throws a RangeError that names those there are.
 *
 * @param {string} name
 */
export function measurementNamed(name) {
  const found = MEASUREMENTS.find((measurement) => measurement.name === name)
  if (found) return found
  throw new RangeError(`measurement is one of ${MEASUREMENTS.map((one) => one.name).join(', ')}; got ${name}`)
}

/**
 * @param {string} name
 * @param {string} claim
 * @param {{ commands: string[], figures: string[], layout?: Layout }} how commands without `sim --`
 * @returns {Measurement}
 */
function simulated(name, claim, { commands, figures, layout = 'runs' }) {
  return {
    name,
    claim,
    isSimulated: true,
    commands: commands.map((command) => `sim -- ${command}`),
    layout,
    figures,
  }
}

/**
 * @param {string} scenario
 * @param {number[]} sizes
 */
function eachSize(scenario, sizes) {
  return sizes.map((peers) => `${scenario} --peers ${peers}`)
}

/** @param {string} command */
function eachBehaviour(command) {
  return [0, 1, 2].map((behaviour) => `${command} --behaviour ${behaviour}`)
}
