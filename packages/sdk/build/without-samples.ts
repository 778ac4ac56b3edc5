import type { Plugin } from 'vite'

/** What fields of messages know for tests and PROTOCOL.md alone, as the formatter leaves it. */
const TEST_PROPERTIES = /^( +)(?:notation|sample): .*\n(?:\1 .*\n)*(?:\1\},\n)?/gm

/**
 * Leaves samples and notations out of the wire's fields: golden bytes and fuzzing are made of them, messages are not. Their
 * lines stay, empty, so that source maps are right.
 */
export const withoutSamples: Plugin = {
  name: 'without-samples',
  enforce: 'pre',
  transform(code, id) {
    if (!id.includes('/packages/core/src/wire/')) return null
    return { code: code.replace(TEST_PROPERTIES, (property) => property.replace(/.*/g, '')), map: null }
  },
  renderChunk(code) {
    if (/\.(?:sample\(|notation\b)/.test(code)) throw new Error('something in the page asks for a sample')
    return null
  },
}
