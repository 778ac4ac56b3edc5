// What a browser test calls: the suites in their real place, and peers that come back after a reload.

import { type ConformanceCase, introducerSuite, storageSuite } from '@hyphae/conformance'
import type { Key } from '@hyphae/core'
import {
  createTabsIntroducer,
  generateIdentity,
  type PeerStorage,
  type StoredIdentity,
  secureRandom,
} from '@hyphae/runtime'
import { claimIdentitySlot, openIndexedDbStorage } from '../../src/index.ts'
import { createPlace } from '../place.ts'

/** The record of every peer here. */
const KEY = 'a'.repeat(64) as Key

const api = {
  /** Runs every case, one after another. */
  async runSuites(): Promise<{ passed: number; failures: string[] }> {
    const failures: string[] = []
    const cases = [...storageSuite(async () => createPlace()), ...introducerSuite(openTabs)]
    for (const { title, run } of cases) {
      const failure = await failureOf(run)
      if (failure) failures.push(`${title}: ${failure}`)
    }
    return { passed: cases.length - failures.length, failures }
  },

  /** Takes a slot and keeps it while the page lives. */
  async claimSlot(network: string): Promise<number> {
    return (await claimIdentitySlot({ network })).number
  },

  /** Opens the store of this tab's peer; makes its identity and record where it is new. */
  async openPeer(network: string) {
    const storage = await openIndexedDbStorage({ network, persistence: null })
    const known = await storage.loadIdentity()
    const { contact } = known ?? (await createIdentity(storage))
    return {
      slot: storage.slot,
      id: contact.id,
      isKnown: known !== null,
      bootId: await storage.nextBootId(),
      record: Array.from((await storage.loadRecord(KEY)) ?? []),
    }
  },

  /** Opens a store and saves a record; resolves with the next event, and what the store then holds. */
  async openAndWait(network: string, onReady: () => void) {
    const storage = await openIndexedDbStorage({ network, persistence: null })
    const event = new Promise<string>((resolve) => storage.onEvent(({ type }) => resolve(type)))
    await createIdentity(storage)
    onReady()
    const type = await event
    await storage.saveContacts([])
    return { type, identity: await storage.loadIdentity(), record: await storage.loadRecord(KEY) }
  },
}

declare global {
  var testPage: typeof api
}
globalThis.testPage = api

async function openTabs() {
  return { create: () => createTabsIntroducer()!, close: async () => {} }
}

async function failureOf(run: ConformanceCase['run']): Promise<string | null> {
  try {
    await run()
    return null
  } catch (error) {
    return String(error)
  }
}

async function createIdentity(storage: PeerStorage): Promise<StoredIdentity> {
  const identity = await generateIdentity({ workBits: 8, random: secureRandom() })
  const bytes = Uint8Array.of(1, 2, 3)
  await Promise.all([
    storage.saveIdentity(identity),
    storage.saveRecord({ key: KEY, header: new Uint8Array(8), bytes }),
  ])
  return identity
}
