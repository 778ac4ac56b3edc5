import { type Effect, type Input, type JobId, makeContact, type PeerEvent } from '@hyphae/core'
import { describe, expect, test } from 'vitest'
import { HyphaeError } from '../src/error.ts'
import { Jobs } from '../src/jobs.ts'
import type { PeerCrypto } from '../src/ports/crypto.ts'
import type { RecordKeeper } from '../src/record-keeper.ts'

type JobEffect = Extract<Effect, { job: JobId }>

const bytes = Uint8Array.of(1)
const contact = makeContact(new Uint8Array(32), new Uint8Array(32), new Uint8Array(8))
const key = 'ab'.repeat(32) as never
const record = { kind: 'immutable', value: bytes } as const

/** What core and the application hear of a job that fails with this error. */
async function failed(effect: JobEffect, error: unknown): Promise<{ result: unknown; events: PeerEvent[] }> {
  const fail = () => Promise.reject(error)
  const crypto: PeerCrypto = { contact, sign: fail, verify: fail, seal: fail, open: fail }
  const records = { load: fail, save: fail } as unknown as RecordKeeper
  const events: PeerEvent[] = []
  const input = await new Promise<Input>((send) => {
    void new Jobs({ crypto, records, send, tell: (event) => events.push(event) }).perform(effect)
  })
  return { result: input.type === 'job-done' && input.job === effect.job ? input.result : null, events }
}

describe('a job that fails', () => {
  test('[SI-1] to seal has no box, and the machine is to blame: that is told', async () => {
    const seal = { type: 'seal', job: 7, bytes, peer: contact } as const
    expect(await failed(seal, new Error('out of entropy'))).toEqual({
      result: { type: 'sealed', bytes: null },
      events: [{ type: 'problem', code: 'UNSUPPORTED', message: 'job "seal" failed: out of entropy' }],
    })
  })

  test('[SI-1] to seal to a key that is no point has no box, and nobody here is to blame', async () => {
    const seal = { type: 'seal', job: 7, bytes, peer: contact } as const
    expect(await failed(seal, new HyphaeError('PEER_UNREACHABLE', 'no usable point'))).toEqual({
      result: { type: 'sealed', bytes: null },
      events: [],
    })
  })

  test.each<[JobEffect, object, string]>([
    [{ type: 'verify', job: 1, key: bytes, bytes, signature: bytes }, { valid: false }, 'UNSUPPORTED'],
    [{ type: 'sign', job: 2, bytes }, { signature: new Uint8Array(64) }, 'UNSUPPORTED'],
    [{ type: 'open', job: 3, bytes, peer: contact }, { bytes: null }, 'UNSUPPORTED'],
    [{ type: 'load', job: 4, key }, { record: null, failed: true }, 'STORAGE_FAILED'],
    [{ type: 'store', job: 5, key, record, header: {} as never }, { persisted: false }, 'STORAGE_FAILED'],
  ])('$type: ends all the same, and is told', async (effect, result, code) => {
    expect(await failed(effect, 'broken')).toMatchObject({
      result,
      events: [{ type: 'problem', code, message: `job "${effect.type}" failed: broken` }],
    })
  })
})
