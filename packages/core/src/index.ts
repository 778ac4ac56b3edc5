export type {
  AttemptId,
  Channel,
  Effect,
  Input,
  IntroducerId,
  IntroducerPath,
  JobId,
  JobResult,
  LinkBinding,
  LinkFailureStage,
  LinkId,
  LinkRole,
  Millis,
  OpId,
  Random,
  SignalingPath,
  StoredContact,
} from './contract.ts'
export {
  compareVersions,
  type PeerRecord,
  type RecordHeader,
  type RecordKind,
  type RecordVersion,
} from './dht/record.ts'
export { CLOSE_CODES, type CloseCode, type FailureCode, type Offence } from './errors.ts'
export {
  EPIDEMIC_DEFAULTS,
  type EpidemicMode,
  type EpidemicStrategy,
  type GossipStrategy,
  type GossipStrategyOptions,
  resolveStrategy,
  TREE,
  type TreeStrategy,
} from './gossip/strategy.ts'
export {
  CONTACT_BYTES,
  type Contact,
  contactBytes,
  contactFromBytes,
  isAcceptable,
  KEY_BYTES,
  makeContact,
  SALT_BYTES,
} from './identity/contact.ts'
export { networkIdOf, topicHash, WORK_BITS_DEFAULT } from './identity/network-id.ts'
export {
  contentKey,
  derivePeerId,
  hasWork,
  ID_BYTES,
  isId,
  type Key,
  keyOf,
  type PeerId,
  workTester,
} from './identity/peer-id.ts'
export * from './limits.ts'
export * from './peer/calls.ts'
export { brokenInPeer } from './peer/invariants.ts'
export { Peer, type PeerOptions } from './peer/peer.ts'
export type * from './peer/snapshot.ts'
export { holdsWork, outOfBounds } from './peer/table-bounds.ts'
export { TokenBucket } from './token-buckets.ts'
export type { MessageId, MessageName, OperationId } from './wire/messages.ts'
