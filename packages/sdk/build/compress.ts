import { minify } from 'terser'
import type { Plugin } from 'vite'

/**
 * Shortens the code itself before the bundler shortens names and spaces: terser evaluates constants and puts functions that
 * are used once in their place, which the bundler does not do by itself. None of terser's options named `unsafe` is on.
 */
export const compress: Plugin = {
  name: 'compress',
  async renderChunk(code, _chunk, { format }) {
    const { code: compressed, map } = await minify(code, {
      // A script's top level is not its own: the name of the global is declared there.
      module: format === 'es',
      ecma: 2020,
      compress: {
        passes: 2,
        // Turning `x === 1` into `1 === x` makes the code no shorter, and less like the rest of it.
        lhs_constants: false,
        // simple-peer's log, whose stand-in does nothing: the words it would say are dropped.
        pure_funcs: ['this._debug'],
      },
      mangle: false,
      sourceMap: true,
    })
    if (compressed === undefined) throw new Error('terser gave no code')
    return { code: compressed, map: map as string }
  },
}
