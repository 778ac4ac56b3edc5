export { callSafely } from './call-safely.ts'
export { aborted, failedBy, HyphaeError, messageOf, throwIfAborted } from './error.ts'
export { type GenerateIdentityOptions, generateIdentity, type WorkProgress } from './generate-identity.ts'
export { type CallOptions, type Environment, PeerRuntime, type PeerRuntimeOptions } from './peer-runtime.ts'
export type { Clock } from './ports/clock.ts'
export type { PeerCrypto } from './ports/crypto.ts'
export type { Introducer, IntroducerEvent, IntroducerIdentity } from './ports/introducer.ts'
export { checkSignal } from './ports/signal-limits.ts'
export type {
  PeerStorage,
  StorageEvent,
  StoredIdentity,
  StoredPrivateKey,
  StoredRecord,
} from './ports/storage.ts'
export { checkStoredRecord } from './ports/storage-limits.ts'
export type {
  DialOptions,
  LinkPathInfo,
  Transport,
  TransportEvent,
  TransportStats,
  TransportWarning,
} from './ports/transport.ts'
export { secureRandom } from './random.ts'
export { systemClock, type TimeSources } from './system-clock.ts'
export { createTabsIntroducer, type TabChannel, type TabsIntroducerOptions } from './tabs-introducer.ts'
export { limitWait } from './wait-limits.ts'
export { createWebCryptoPeer, requireSubtle } from './web-crypto.ts'
