import { bench, describe } from 'vitest'
import { decodeFrame, decodeInner, encodeFrame, encodeInner } from '../src/wire/codec.ts'
import { MESSAGES, type MessageName } from '../src/wire/messages.ts'
import { sampleMessage, sequence } from '../test/wire/samples.ts'

const TTL = 7
/** Every message of a link but DATA, whose frames have a format of their own; and a seed that gives each the same sample always. */
const ON_LINKS = namesOf('link').filter((name) => name !== 'DATA')
const MESSAGES_ON_LINKS = ON_LINKS.map((name) => sampleMessage(name, sequence(MESSAGES[name].type)))
const FRAMES = MESSAGES_ON_LINKS.map((message) => encodeFrame(message, TTL))
const ROUTED = namesOf('routed').map((name) => sampleMessage(name, sequence(MESSAGES[name].type)))
const INNERS = ROUTED.map((message) => encodeInner(message))

describe('codec', () => {
  bench(`encode a frame of each of ${FRAMES.length} messages`, () => {
    for (const message of MESSAGES_ON_LINKS) encodeFrame(message, TTL)
  })

  bench(`decode a frame of each of ${FRAMES.length} messages`, () => {
    for (const frame of FRAMES) if (decodeFrame(frame) === null) throw new Error('a sample is malformed')
  })

  bench(`encode each of ${INNERS.length} routed messages`, () => {
    for (const message of ROUTED) encodeInner(message)
  })

  bench(`decode each of ${INNERS.length} routed messages`, () => {
    for (const inner of INNERS)
      if (decodeInner(inner, 'routed') === null) throw new Error('a sample is malformed')
  })
})

function namesOf(layer: string): MessageName[] {
  return (Object.keys(MESSAGES) as MessageName[]).filter((name) => MESSAGES[name].layer === layer)
}
