import type { Plugin } from 'vite'

/** Methods of simple-peer that nobody calls once it has no streams: we have no sound and no pictures. Nobody reaches its instances but us. */
const UNUSED = ['addStream', 'addTrack', 'replaceTrack', 'removeStream', 'removeTrack', '_onTrack']
/** Beginnings of the statements in its constructor that call them: for the streams of its options, and for tracks that come. */
const CALLING = ['if (this.streams) {', 'this._pc.ontrack = event => {']

/** Leaves them out, as a bundler does with functions that nobody calls; of methods it cannot know. */
export const unusedMethods: Plugin = {
  name: 'unused-methods',
  transform(code, id) {
    if (!id.endsWith('/simple-peer/index.js')) return null
    const rest = UNUSED.reduce(withoutMethod, CALLING.reduce(withoutStatement, code))
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

function withoutStatement(code: string, beginning: string): string {
  const begin = code.indexOf(`\n    ${beginning}\n`)
  const end = code.indexOf('\n    }\n', begin)
  if (begin < 0 || end < 0) throw new Error(`simple-peer has no statement ${beginning} … }`)
  return code.slice(0, begin) + code.slice(end + '\n    }'.length)
}
