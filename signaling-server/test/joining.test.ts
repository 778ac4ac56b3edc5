import { createHash } from 'node:crypto'
import { NONCE_BYTES } from '@hyphae/core/signaling'
import { expect, test } from 'vitest'
import { NETWORK, newPerson, OTHER_NETWORK } from './people.ts'
import { joinedClient, RawClient } from './raw-client.ts'
import { start } from './running.ts'

test('[SG-4] the server challenges first, with a new nonce each time', async () => {
  const { url } = await start()
  const [first, second] = [new RawClient(url), new RawClient(url)]
  const [one, two] = [await first.next('challenge'), await second.next('challenge')]
  expect(one).toMatchObject({ versions: { min: 1, max: 1 }, nonce: { length: NONCE_BYTES } })
  expect(one.nonce).not.toEqual(two.nonce)
})

test('[SG-7] a proven join is welcomed and introduced', async () => {
  const server = await start()
  const ada = await joinedClient(server.url)
  const ben = await joinedClient(server.url, { wanted: { random: 3, close: 3 } })
  const { contacts } = await ben.client.next('introduced')
  expect(contacts.map(({ id }) => id)).toEqual([ada.id])
  expect(await ben.client.next('welcome')).toEqual({
    type: 'welcome',
    stay: true,
    checkInMs: 300_000,
    online: 2,
  })
  expect(server.stats()).toMatchObject({ connections: 2, joined: 2, networks: 1, joins: 2 })
})

test.each<[string, (join: { signature: Uint8Array; contact: object }) => object]>([
  ['another signature', () => ({ signature: new Uint8Array(64) })],
  ['a signature for another network', () => ({ network: OTHER_NETWORK, signature: undefined })],
  ['keys that are no point of the curve', () => ({ signature: new Uint8Array(64).fill(255) })],
])('[SG-5] a join with %s is refused', async (_what, change) => {
  const { url } = await start()
  const client = new RawClient(url)
  const join = await client.joinOf(await newPerson(), { network: NETWORK })
  const changed = { ...join, ...change(join) }
  client.say({ ...changed, signature: changed.signature ?? join.signature })
  expect(await client.next('error')).toMatchObject({ code: 'bad-proof' })
  expect(await client.closed).toBe(1008)
})

test('[SG-5] a join that was overheard proves nothing on another connection', async () => {
  const { url } = await start()
  const ada = new RawClient(url)
  const join = await ada.joinOf(await newPerson())
  ada.say(join)
  await ada.next('welcome')
  const eve = new RawClient(url)
  await eve.next('challenge')
  eve.say(join)
  expect(await eve.next('error')).toMatchObject({ code: 'bad-proof' })
  await eve.closed
  expect(ada.heard.map(({ type }) => type)).not.toContain('error')
})

test("[SG-6] somebody else's contact cannot be joined with", async () => {
  const { url } = await start()
  const client = new RawClient(url)
  const [ada, eve] = [await newPerson(), await newPerson()]
  client.say(await client.joinOf({ contact: ada.contact, sign: eve.sign }))
  expect(await client.next('error')).toMatchObject({ code: 'bad-proof' })
})

test('[SG-6] an id without the work that is asked for is refused', async () => {
  const { url } = await start({ workBits: 4 })
  const [lazy, diligent] = [await personWithWork(false), await personWithWork(true)]
  const [refused, welcome] = [new RawClient(url), new RawClient(url)]
  refused.say(await refused.joinOf(lazy))
  expect(await refused.next('error')).toMatchObject({ code: 'bad-work' })
  await welcome.join(diligent)
})

test('[SG-4] a version nobody offered is refused', async () => {
  const { url } = await start()
  const client = new RawClient(url)
  client.say(await client.joinOf(await newPerson(), { version: 2 }))
  expect(await client.next('error')).toMatchObject({ code: 'version-mismatch' })
})

test('[SG-7] whatever comes before the join, or as a second join, ends the connection', async () => {
  const { url } = await start()
  const early = new RawClient(url)
  await early.next('challenge')
  early.say({ type: 'introduce', random: 1, close: 1 })
  expect(await early.next('error')).toMatchObject({ code: 'unexpected' })
  const { client, person } = await joinedClient(url)
  client.say(await client.joinOf(person))
  expect(await client.next('error')).toMatchObject({ code: 'unexpected' })
})

test('[SG-7] what comes while the signature is being checked ends the connection, and the join counts for nothing', async () => {
  const server = await start()
  const client = new RawClient(server.url)
  client.say(await client.joinOf(await newPerson()))
  client.say({ type: 'meshed', links: 1 })
  expect(await client.next('error')).toMatchObject({ code: 'unexpected' })
  await client.closed
  expect(server.stats()).toMatchObject({ joins: 0, joined: 0 })
})

test('[SG-7] a connection that does not join in time is ended', async () => {
  const { url } = await start({ joinTimeoutMs: 20 })
  const client = new RawClient(url)
  expect(await client.next('error')).toMatchObject({ code: 'join-timeout' })
  expect(await client.closed).toBe(1008)
})

test('[SG-8] the newer of two connections of one identity wins', async () => {
  const server = await start()
  const { client: older, person } = await joinedClient(server.url)
  const newer = new RawClient(server.url)
  await newer.join(person)
  expect(await older.next('error')).toMatchObject({ code: 'superseded' })
  await older.closed
  const { client: friend } = await joinedClient(server.url)
  friend.say({ type: 'signal', to: person.contact.id, data: Uint8Array.of(1) })
  expect(await newer.next('signal')).toMatchObject({ data: Uint8Array.of(1) })
  expect(server.stats().joined).toBe(2)
})

test('[SG-8] a join without proof supersedes nobody', async () => {
  const { url } = await start()
  const { client, person } = await joinedClient(url)
  const eve = new RawClient(url)
  eve.say({ ...(await eve.joinOf(person)), signature: new Uint8Array(64) })
  await eve.closed
  client.say({ type: 'introduce', random: 1, close: 1 })
  await client.next('introduced', 1)
})

/** Somebody whose id has, or has not, four bits of work. */
async function personWithWork(hasIt: boolean) {
  for (;;) {
    const person = await newPerson()
    const hash = createHash('sha256').update(Buffer.from(person.contact.id, 'hex')).digest()
    if ((hash[0] as number) < 16 === hasIt) return person
  }
}
