import type { Plugin } from 'vite'

/** Methods of simple-peer that nobody calls, since nobody but us reaches its instances: for sound and pictures, and for writing as a stream of Node does. */
const UNUSED = [
  'get bufferSize',
  'address',
  'addStream',
  'addTrack',
  'addTransceiver',
  'replaceTrack',
  'removeStream',
  'removeTrack',
  '_onTrack',
  '_requestMissingTransceivers',
  '_write',
  '_onFinish',
  '_onInterval',
  '_onChannelBufferedAmountLow',
]
/** What calls them, or does the rest: for streams in its options, tracks that come, what the other end asks for, and what was written too early. */
const CALLS = [
  'if (this.streams) {',
  'this._pc.ontrack = event => {',
  'if (data.transceiverRequest && this.initiator) {',
  'if (!this.initiator) this._requestMissingTransceivers()',
  'if (this._chunk) {',
  'this._onFinishBound = () => {',
  "this.once('finish', this._onFinishBound)",
  "if (typeof this._channel.bufferedAmountLowThreshold !== 'number') {",
  'this._channel.onbufferedamountlow = () => {',
]

/** Where it asks browsers older than promises for statistics, and where that is over: none of those runs our code. */
const OLD_BROWSERS = [
  '    // Single-parameter callback-based getStats()',
  '    // Unknown browser, skip getStats()',
] as const

/** Leaves them out, as a bundler does with functions that nobody calls; of methods it cannot know. */
export const unusedMethods: Plugin = {
  name: 'unused-methods',
  transform(code, id) {
    if (!id.endsWith('/simple-peer/index.js')) return null
    const rest = UNUSED.reduce(withoutMethod, CALLS.reduce(withoutStatement, without(code, ...OLD_BROWSERS)))
    const called = UNUSED.find((name) => rest.includes(`this.${name}(`))
    if (called !== undefined) throw new Error(`simple-peer calls ${called}()`)
    return { code: rest, map: { mappings: '' } }
  },
}

function withoutMethod(code: string, name: string): string {
  const rest = code.replace(new RegExp(`\\n {2}${name} \\([^)]*\\) \\{\\n[\\s\\S]*?\\n {2}\\}\\n`), '\n')
  if (rest === code) throw new Error(`simple-peer has no method ${name}()`)
  return rest
}

function without(code: string, from: string, to: string): string {
  const [begin, end] = [code.indexOf(from), code.indexOf(to)]
  if (begin < 0 || end < begin) throw new Error(`simple-peer has nothing from ${from} to ${to}`)
  return code.slice(0, begin) + code.slice(end)
}

/** The line that is or begins the statement, and the lines to its end, the first brace that is not indented further. */
function withoutStatement(code: string, line: string): string {
  const lines = code.split('\n')
  const first = lines.findIndex((other) => other.trimStart() === line)
  const indented = lines[first]?.replace(line, '')
  const last = line.endsWith('{') ? lines.indexOf(`${indented}}`, first) : first
  if (first < 0 || last < 0) throw new Error(`simple-peer has no statement ${line}`)
  return lines.toSpliced(first, last - first + 1).join('\n')
}
