import { expect, test } from 'vitest'
import { Room } from '../src/room.ts'
import { Rooms } from '../src/rooms.ts'
import { contactOf, type Listener, newListener } from './people.ts'

const nobodyWanted = { random: 0, close: 0 }
const everybody = { random: 20, close: 20 }
const options = { introducers: 2, meshedLinks: 4, checkInMs: 60_000, randomBelow: () => 0 }

function seated(room: Room, count: number, links = 0): Listener[] {
  const listeners = Array.from({ length: count }, (_, index) => newListener(index + 1))
  for (const listener of listeners) room.join(listener, links, nobodyWanted)
  return listeners
}

function types(listener: Listener | undefined) {
  return listener?.heard.map(({ type }) => type)
}

test('[SG-7] a join is answered by welcome, then by introductions', () => {
  const room = new Room(options)
  const [ada] = seated(room, 1)
  const ben = newListener(2)
  room.join(ben, 0, everybody)
  expect(ben.heard).toEqual([
    { type: 'welcome', stay: true, checkInMs: 60_000, online: 2 },
    { type: 'introduced', contacts: [ada?.contact] },
  ])
})

test('[SG-8] the newer connection of an identity wins, and the end of the older one changes nothing', () => {
  const room = new Room(options)
  const [older] = seated(room, 1)
  const newer = newListener(1)
  room.join(newer, 0, nobodyWanted)
  room.leave(older as Listener)
  expect(older?.superseded.count).toBe(1)
  expect(room.online).toBe(1)
  expect(room.carry(newListener(9), newer.contact.id, Uint8Array.of(1))).toBe(true)
  expect(types(newer)).toContain('signal')
  expect(types(older)).not.toContain('signal')
})

test('[SG-8] the identity that comes again may stay like any other', () => {
  const room = new Room({ ...options, introducers: 1 })
  seated(room, 1)
  const newer = newListener(1)
  room.join(newer, 0, nobodyWanted)
  expect(newer.heard[0]).toMatchObject({ type: 'welcome', stay: true })
})

test('[SG-9] nobody is introduced to itself, or twice', () => {
  const room = new Room(options)
  const all = seated(room, 5)
  const asker = all[0] as Listener
  room.introduce(asker, everybody)
  const introduced = asker.heard.at(-1)
  const contacts = introduced?.type === 'introduced' ? introduced.contacts : []
  expect(new Set(contacts)).toEqual(new Set(all.slice(1).map(({ contact }) => contact)))
  expect(contacts).toHaveLength(4)
})

test('[SG-9] who was released or left is not introduced', () => {
  const room = new Room(options)
  const [stays, leaves, released] = seated(room, 3) as [Listener, Listener, Listener]
  const late = newListener(8)
  room.meshed(released, 4)
  room.join(late, 0, everybody)
  room.leave(leaves)
  room.introduce(late, everybody)
  const introduced = late.heard.flatMap((message) =>
    message.type === 'introduced' ? [message.contacts] : [],
  )
  expect(new Set(introduced[0])).toEqual(new Set([stays.contact, leaves.contact]))
  expect(introduced[1]).toEqual([stays.contact])
})

test('[SG-10] a signal reaches its target alone, with the contact of its sender', () => {
  const room = new Room(options)
  const [ada, ben, cleo] = seated(room, 3) as [Listener, Listener, Listener]
  const data = Uint8Array.of(1, 2)
  expect(room.carry(ada, ben.contact.id, data)).toBe(true)
  expect(ben.heard.at(-1)).toEqual({ type: 'signal', from: ada.contact, data })
  expect(types(cleo)).not.toContain('signal')
  expect(room.carry(ada, contactOf(99).id, data)).toBe(false)
})

test('[SG-11] the first ones stay; further ones are released once they have links', () => {
  const room = new Room(options)
  const [first, second, third] = seated(room, 3) as [Listener, Listener, Listener]
  for (const listener of [first, second, third]) {
    room.meshed(listener, 3)
    room.meshed(listener, 4)
    room.meshed(listener, 5)
  }
  expect([first, second, third].map(({ heard }) => heard[0])).toMatchObject([
    { stay: true },
    { stay: true },
    { stay: false },
  ])
  expect([first, second, third].map((listener) => types(listener)?.slice(2))).toEqual([[], [], ['release']])
})

test('[SG-11] who checks in with links enough is released at once', () => {
  const room = new Room(options)
  seated(room, 2)
  const guest = newListener(7)
  room.join(guest, 10, everybody)
  expect(types(guest)).toEqual(['welcome', 'introduced', 'release'])
})

test('[SG-11] when an introducer leaves, the longest connected of the others stays', () => {
  const room = new Room(options)
  const [first, , third, fourth] = seated(room, 4) as [Listener, Listener, Listener, Listener]
  room.leave(first)
  expect(types(third)).toContain('stay')
  expect(types(fourth)).not.toContain('stay')
})

test('[SG-11] one that is about to go is asked to stay only for want of another', () => {
  const room = new Room(options)
  const [first, second, third, fourth] = seated(room, 4) as [Listener, Listener, Listener, Listener]
  room.meshed(third, 9)
  room.leave(first)
  expect([types(third)?.at(-1), types(fourth)?.at(-1)]).toEqual(['release', 'stay'])
  room.leave(second)
  expect(types(third)?.at(-1)).toBe('stay')
})

test('[SG-13] a network opens with its first member and is forgotten with its last; there are so many and no more', () => {
  const rooms = new Rooms(2, options)
  const [ada] = [newListener(1)]
  const room = rooms.open('a')
  room?.join(ada, 0, nobodyWanted)
  expect(rooms.open('a')).toBe(room)
  expect(rooms.open('b')).not.toBeNull()
  expect(rooms.open('c')).toBeNull()
  rooms.closeIfEmpty('b')
  rooms.closeIfEmpty('a')
  expect([rooms.count, rooms.online]).toEqual([1, 1])
  room?.leave(ada)
  rooms.closeIfEmpty('a')
  expect(rooms.count).toBe(0)
})
