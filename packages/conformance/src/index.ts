export { check, equal, failsWithName, rejectsWithCode } from './assert.ts'
export { FaultyDisk } from './faulty-disk.ts'
export { type IntroducerPlace, introducerSuite } from './introducer-suite.ts'
export { ManualClock } from './manual-clock.ts'
export { createMemoryIntroducers, type MemoryIntroducers } from './memory-introducer.ts'
export {
  createMemoryStorage,
  MemoryDisk,
  type MemoryStorage,
  type MemoryStorageOptions,
} from './memory-storage.ts'
export { createMemoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from './memory-transport.ts'
export { type RemoteCall, type RemoteNews, RemoteTransports, serveTransports } from './remote-transport.ts'
export { type StoragePlace, storageSuite } from './storage-suite.ts'
export type { ConformanceCase } from './suite.ts'
export {
  type TransportPlace,
  type TransportSuiteOptions,
  type TransportTrial,
  transportSuite,
} from './transport-suite.ts'
