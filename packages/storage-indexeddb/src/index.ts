export {
  type ClaimSlotOptions,
  claimIdentitySlot,
  type IdentitySlot,
  SLOTS_MAX,
  type SlotLocks,
} from './identity-slot.ts'
export { type IndexedDbStorageOptions, type OpenedStorage, openIndexedDbStorage } from './open.ts'
export type { PersistenceSource } from './persistence.ts'
export type { SlotMemoryStorage } from './slot-memory.ts'
