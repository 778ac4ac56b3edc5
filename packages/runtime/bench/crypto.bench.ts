// What core waits for: `npm run bench`. Public keys are imported and sealing keys derived before the clock starts.

import { bench, describe } from 'vitest'
import { generateIdentity } from '../src/generate-identity.ts'
import { secureRandom } from '../src/random.ts'
import { createWebCryptoPeer } from '../src/web-crypto.ts'

const random = secureRandom()
const alice = createWebCryptoPeer(await generateIdentity({ workBits: 0, random }))
const bob = createWebCryptoPeer(await generateIdentity({ workBits: 0, random }))
const message = random.bytes(1_024)
const signature = await alice.sign(message)
const box = await alice.seal(message, bob.contact)

describe('per operation on 1 KiB', () => {
  bench('sign', async () => {
    await alice.sign(message)
  })
  bench('verify', async () => {
    await bob.verify(alice.contact.signingKey, message, signature)
  })
  bench('seal', async () => {
    await alice.seal(message, bob.contact)
  })
  bench('open', async () => {
    await bob.open(box, alice.contact)
  })
})

describe('a new identity', () => {
  bench('12 of the 16 bits of work', async () => {
    await generateIdentity({ workBits: 12, random })
  })
})
