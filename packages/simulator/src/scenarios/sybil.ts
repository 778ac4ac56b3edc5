import { type Contact, contentKey, type Key, type PeerId } from '@hyphae/core'
import type { Host } from '../host.ts'
import { IdOrder } from '../id-order.ts'
import { drawContact } from '../keyed-hash-crypto.ts'
import type { SeededRandom } from '../random.ts'
import { Adversaries, BEHAVIOUR_OPTION } from './adversaries.ts'
import type { Experiment } from './experiment.ts'
import { getFigures, linkFigures, named } from './figures.ts'
import { getMany, putMany } from './records.ts'
import type { Figures, Scenario } from './scenario.ts'

/** No figure is required to be good: this is the truth of today. That a forged value is believed is a violation. */
export const sybil: Scenario = {
  name: 'sybil',
  claim: 'Identities ground beside a key crowd its honest holders out; gets of other keys hardly notice.',
  peers: 100,
  options: {
    sybils: { value: 45, meaning: 'identities closer to the key than any honest peer' },
    behaviour: BEHAVIOUR_OPTION,
    minutes: { value: 2, meaning: 'minutes between the last of them and the gets' },
    keys: { value: 30, meaning: 'records put before, the first of them under attack' },
    gets: { value: 100, meaning: 'gets of the record under attack, and of the others' },
    bytes: { value: 256, meaning: 'bytes of a value' },
    every: { value: 50, meaning: 'milliseconds between two operations' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
  },
  run(experiment) {
    const { network, records } = experiment
    const ground = new Set<PeerId>()
    const adversaries = new Adversaries(experiment, (id) => ground.has(id))
    experiment.grow()
    adversaries.sleep()
    const honest = network.running()
    putMany(experiment, honest)
    network.advance(10_000)
    const [target, ...others] = records.entries
    const value = target?.writes[0]?.value
    if (target === undefined || value === undefined) throw new RangeError('keys is at least 2')
    const key = contentKey(value)
    const before = holders(key, honest)
    attack(experiment, key, ground)
    const holdersAfter = holders(key, honest)
    adversaries.wake()
    const attacked = getsOf(experiment, [target], honest)
    const rest = getsOf(experiment, others, honest)
    const sybils = network.running().filter((host) => adversaries.has(host))
    experiment.tables.checkAll()
    experiment.requireWork({
      messages: ['ROUTE'],
      counts: { sybils: sybils.length, misdeeds: adversaries.misdeeds },
    })
    return {
      ...named('attacked', attacked),
      ...named('other', rest),
      honestHoldersBefore: before,
      honestHoldersAfter: holdersAfter,
      sybilHolders: holders(key, sybils),
      lostKeys: records.lost().length,
      sybilLinksShare: sybilLinksShare(honest, ground),
      misdeeds: adversaries.misdeeds,
      ...linkFigures(experiment),
    }
  },
}

/** Identities are ground, join one after another as honest peers do, and are given time to take the record over. */
function attack(experiment: Experiment, key: Key, ground: Set<PeerId>): void {
  const { network } = experiment
  const contacts = grind(experiment, key, experiment.random.fork('grinding'))
  experiment.phase = 'sybils join'
  for (const contact of contacts) {
    ground.add(contact.id)
    experiment.start(experiment.addHost(contact))
    network.advance(experiment.number('join-every'))
  }
  experiment.awaitJoined()
  network.advance(experiment.number('minutes') * 60_000)
}

/** Contacts closer to the key than any honest peer is. Costs as many draws as there are honest peers, for each. */
function grind(experiment: Experiment, key: Key, random: SeededRandom): Contact[] {
  const order = new IdOrder()
  for (const { id } of experiment.network.running()) order.add(id)
  const [closest] = order.closest(key, 1, () => true)
  const contacts: Contact[] = []
  for (let draw = 0; contacts.length < experiment.number('sybils'); draw++) {
    const contact = drawContact(random.fork(draw))
    if (closest === undefined || distance(contact.id, key) < distance(closest, key)) contacts.push(contact)
  }
  return contacts
}

function distance(id: string, key: Key): bigint {
  return BigInt(`0x${id}`) ^ BigInt(`0x${key}`)
}

function holders(key: Key, hosts: readonly Host[]): number {
  return hosts.filter(({ disk }) => disk.holds(key)).length
}

/** Gets by honest peers; of a single record by those that do not hold it themselves, if there are any. */
function getsOf(
  experiment: Experiment,
  entries: Experiment['records']['entries'],
  honest: readonly Host[],
): Figures {
  experiment.records.restart()
  const keys = entries.flatMap(({ key }) => key ?? [])
  const far = honest.filter(({ disk }) => keys.length > 1 || !keys.some((key) => disk.holds(key)))
  getMany(experiment, experiment.number('gets'), { entries, by: far.length > 0 ? far : honest })
  return getFigures(experiment)
}

function sybilLinksShare(honest: readonly Host[], ground: ReadonlySet<PeerId>): number {
  const links = honest.flatMap((host) => host.snapshot().links)
  return links.filter(({ peer }) => ground.has(peer)).length / links.length
}
