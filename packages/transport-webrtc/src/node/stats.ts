// Statistics of node-datachannel as browsers give them: a round trip is in seconds, and left out where none was measured.

/** The same reports; libdatachannel counts round trips in milliseconds, and -1 stands for none. */
export function inSeconds(reports: RTCStatsReport): RTCStatsReport {
  const all = new Map<string, Readonly<Record<string, unknown>>>(reports)
  for (const [id, { currentRoundTripTime: ms, totalRoundTripTime: _, ...report }] of all) {
    const isMeasured = typeof ms === 'number' && ms >= 0
    all.set(id, isMeasured ? { ...report, currentRoundTripTime: ms / 1_000 } : report)
  }
  return all as unknown as RTCStatsReport
}
