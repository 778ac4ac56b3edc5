export { Violations } from './checkers/violations.ts'
export { type CallListener, type DrivenPeer, EPOCH_MS, Host } from './host.ts'
export { latencyTable } from './latency-table.ts'
export { Network, type NetworkObserver, type NetworkOptions } from './network.ts'
export { SeededRandom } from './random.ts'
export { describeRows } from './rivals/print.ts'
export type { RivalRow } from './rivals/rival.ts'
export {
  COMPARISONS,
  type Comparison,
  type ComparisonRequest,
  type ComparisonResult,
  compare,
} from './rivals/table.ts'
export { type RunRequest, type RunResult, run } from './run.ts'
export { Samples } from './samples.ts'
export { SCENARIOS } from './scenarios/all.ts'
export { Experiment } from './scenarios/experiment.ts'
export { COMMON_OPTIONS, type Figures, type Scenario, type ScenarioOption } from './scenarios/scenario.ts'
