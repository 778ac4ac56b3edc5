import { isAcceptable, makeContact } from '@hyphae/core'
import { describe, expect, test } from 'vitest'
import { generateIdentity, type WorkProgress } from '../src/generate-identity.ts'
import { secureRandom } from '../src/random.ts'

const random = secureRandom()

describe('a new identity', () => {
  test('has the work its network asks for, and an id that follows from its keys', async () => {
    const { contact } = await generateIdentity({ workBits: 8, random })
    expect(isAcceptable(contact, 8)).toBe(true)
    expect(makeContact(contact.signingKey, contact.exchangeKey, contact.salt).id).toBe(contact.id)
  })

  test('is another one each time', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => generateIdentity({ workBits: 0, random })))
    expect(a!.contact.id).not.toBe(b!.contact.id)
  })

  test('reports its progress, lets the event loop turn, and can be aborted', async () => {
    const abort = new AbortController()
    const seen: WorkProgress[] = []
    let isLoopTurning = false
    setImmediate(() => {
      isLoopTurning = true
    })
    // 200 bits are never found: only the abort ends this search.
    const search = generateIdentity({
      workBits: 200,
      random,
      signal: abort.signal,
      onProgress: (progress) => {
        seen.push(progress)
        if (isLoopTurning && seen.length >= 3) abort.abort()
      },
    })
    await expect(search).rejects.toMatchObject({ name: 'HyphaeError', code: 'ABORTED' })
    expect(seen[1]!.done).toBeGreaterThan(seen[0]!.done)
    expect(seen[0]!.expected).toBe(2 ** 200)
  })

  test('does not begin when it is aborted before', async () => {
    const signal = AbortSignal.abort()
    await expect(generateIdentity({ workBits: 200, random, signal })).rejects.toMatchObject({
      code: 'ABORTED',
    })
  })

  test('rejects with what WebCrypto rejects with, unless it lacks the curve', async () => {
    const broken = { generateKey: () => Promise.reject(new Error('broken')) } as unknown as SubtleCrypto
    await expect(generateIdentity({ workBits: 0, random, subtle: broken })).rejects.toThrow('broken')
  })
})
