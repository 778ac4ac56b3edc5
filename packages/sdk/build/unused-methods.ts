import type { Plugin } from 'vite'

/** Methods of simple-peer that neither it nor we call: we have no sound and no pictures. Nobody reaches its instances but us. */
const UNUSED = ['replaceTrack', 'removeStream', 'removeTrack']

/** Leaves them out, as a bundler does with functions that nobody calls; of methods it cannot know. */
export const unusedMethods: Plugin = {
  name: 'unused-methods',
  transform(code, id) {
    if (!id.endsWith('/simple-peer/index.js')) return null
    const rest = UNUSED.reduce(withoutMethod, code)
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
