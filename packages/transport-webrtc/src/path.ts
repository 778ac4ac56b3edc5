// What the browser's statistics say about the way of an open connection.

import type { LinkPathInfo } from '@hyphae/runtime'
import { isIpv4, isIpv6 } from './candidate.ts'

export interface ConnectionPath extends LinkPathInfo {
  /** Stands for the remote's network: /24 of IPv4, /48 of IPv6, `relay`, or '' where the browser hides it. */
  readonly remoteGroup: string
}

export const UNKNOWN_PATH: ConnectionPath = {
  localCandidate: 'unknown',
  remoteCandidate: 'unknown',
  roundTripMs: null,
  remoteGroup: '',
}

type Report = Readonly<Record<string, unknown>>

const CANDIDATE_TYPES = ['host', 'srflx', 'prflx', 'relay'] as const

/** Never rejects: statistics are for people and for hints, and no link is worth less without them. */
export async function readPath(connection: RTCPeerConnection): Promise<ConnectionPath> {
  const stats = await connection.getStats().catch(() => null)
  return stats ? pathIn(stats as unknown as ReadonlyMap<string, Report>) : UNKNOWN_PATH
}

export function pathIn(reports: ReadonlyMap<string, Report>): ConnectionPath {
  const pair = selectedPair(reports)
  const local = reports.get(String(pair?.['localCandidateId']))
  const remote = reports.get(String(pair?.['remoteCandidateId']))
  const roundTripSeconds = pair?.['currentRoundTripTime']
  return {
    localCandidate: typeOf(local),
    remoteCandidate: typeOf(remote),
    roundTripMs: typeof roundTripSeconds === 'number' ? roundTripSeconds * 1_000 : null,
    remoteGroup:
      typeOf(remote) === 'relay' ? 'relay' : groupOf(String(remote?.['address'] ?? remote?.['ip'] ?? '')),
  }
}

/** A relay serves many; a household, a campus or a small cloud shares a prefix. */
export function groupOf(address: string): string {
  if (isIpv4(address)) return `${address.split('.').slice(0, 3).join('.')}.0/24`
  return isIpv6(address) ? `${firstGroups(address, 3).join(':')}::/48` : ''
}

/** Browsers of today name the pair in the transport's report; older Firefox has none, and marks the pair itself. */
function selectedPair(reports: ReadonlyMap<string, Report>): Report | undefined {
  const all = [...reports.values()]
  const transport = all.find(
    ({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId,
  )
  const named = reports.get(String(transport?.['selectedCandidatePairId']))
  const pairs = all.filter(({ type }) => type === 'candidate-pair')
  return (
    named ??
    pairs.find(({ selected }) => selected === true) ??
    pairs.find(({ nominated, state }) => nominated === true && state === 'succeeded')
  )
}

function typeOf(candidate: Report | undefined): ConnectionPath['localCandidate'] {
  return CANDIDATE_TYPES.find((type) => type === candidate?.['candidateType']) ?? 'unknown'
}

/** The first groups of an IPv6 address, with the zeros that `::` stands for. */
function firstGroups(address: string, count: number): string[] {
  const plain = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [before = '', after] = plain.split('::')
  const head = before === '' ? [] : before.split(':')
  const tail = after ? after.split(':') : []
  const zeros = after === undefined ? 0 : 8 - head.length - tail.length
  return [...head, ...Array<string>(zeros).fill('0'), ...tail].slice(0, count)
}
