import { describe, expect, it } from 'vitest'
import { groupOf, pathIn, UNKNOWN_PATH } from '../src/path.ts'

const CANDIDATES = {
  l: { type: 'local-candidate', candidateType: 'srflx', address: '198.51.100.7' },
  r: { type: 'remote-candidate', candidateType: 'prflx', address: '203.0.113.9' },
}
const PAIR = {
  type: 'candidate-pair',
  localCandidateId: 'l',
  remoteCandidateId: 'r',
  currentRoundTripTime: 0.031,
}

describe('the path in statistics', () => {
  it('is the pair that the transport names', () => {
    const reports = { ...CANDIDATES, other: { type: 'candidate-pair' }, p: PAIR, t: transport('p') }
    expect(read(reports)).toEqual({
      localCandidate: 'srflx',
      remoteCandidate: 'prflx',
      roundTripMs: 31,
      remoteGroup: '203.0.113.0/24',
    })
  })

  it('is the pair that is marked, where no transport names one', () => {
    for (const mark of [{ selected: true }, { nominated: true, state: 'succeeded' }]) {
      const failed = { type: 'candidate-pair', nominated: true, state: 'failed' }
      expect(read({ ...CANDIDATES, failed, p: { ...PAIR, ...mark } })).toMatchObject({
        remoteCandidate: 'prflx',
      })
    }
  })

  it('is unknown where there is none', () => {
    expect(read({ t: { type: 'transport' } })).toEqual(UNKNOWN_PATH)
    expect(read({ p: PAIR, t: transport('p') })).toMatchObject({ localCandidate: 'unknown', remoteGroup: '' })
  })

  it('says relay for a remote behind TURN, whatever the address of the server', () => {
    const r = { ...CANDIDATES.r, candidateType: 'relay' }
    expect(read({ ...CANDIDATES, r, p: PAIR, t: transport('p') }).remoteGroup).toBe('relay')
  })

  it('reads the address where node-datachannel keeps it', () => {
    const r = { type: 'remote-candidate', candidateType: 'host', ip: '192.0.2.2' }
    expect(read({ ...CANDIDATES, r, p: PAIR, t: transport('p') }).remoteGroup).toBe('192.0.2.0/24')
  })
})

describe('the group of an address', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
    ['2001:DB8:00A1::', '2001:db8:a1::/48'],
    ['', ''],
    ['35f03457-a7cb-4fe5-a5ad-e3d7e38a05dc.local', ''],
  ])('of %s is %s', (address, group) => {
    expect(groupOf(address)).toBe(group)
  })
})

function transport(selectedCandidatePairId: string) {
  return { type: 'transport', selectedCandidatePairId }
}

function read(reports: Record<string, Record<string, unknown>>) {
  return pathIn(new Map(Object.entries(reports)))
}
