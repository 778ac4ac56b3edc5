import { minify as compressWithTerser } from 'terser'
import { minify, type Plugin } from 'vite'

/**
 * Shortens the code itself before the bundler shortens names and spaces: terser evaluates constants and puts functions that
 * are used once in their place, which the bundler does not do by itself. None of terser's options named `unsafe` is on.
 */
export const compress: Plugin = {
  name: 'compress',
  async renderChunk(code, _chunk, { format }) {
    const { code: compressed, map } = await compressWithTerser(code, {
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

/**
 * Shortens the members that simple-peer keeps to itself, which are those that begin with `_`. No other names are shortened:
 * they may leave the page in storage, signals and events, or be those of the platform. We have none that begin so
 * (ours are `#private`), and the platform has one here, React Native's.
 */
export const shortenUnderscored: Plugin = {
  name: 'shorten-underscored',
  async renderChunk(code, { fileName }) {
    const shortened = await minify(fileName, code, {
      compress: false,
      mangle: false,
      mangleProps: { include: /^_[a-z]/i, reserved: ['_peerConnectionId'] },
      codegen: { removeWhitespace: false },
      sourcemap: true,
    })
    if (shortened.errors.length > 0)
      throw new Error(shortened.errors.map(({ message }) => message).join('\n'))
    return { code: shortened.code, map: shortened.map ?? null }
  },
}
