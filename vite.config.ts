/**
 * How tests run: one Vitest project per stage of `npm test`, so that a stage can be named, timed and counted.
 * The web app and the SDK have Vite configurations of their own.
 */
import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

/** Lets tests that import a workspace package by name read its sources, never a stale build. */
const conditions = ['@hyphae/source', ...defaultServerConditions]

const slow = ['**/*.sim.test.ts', '**/*.webrtc.test.ts', 'packages/sdk/test/package.test.ts']
const ignored = ['**/node_modules/**', '**/dist/**']

/** Milliseconds a test may take, by project: what ends a test that hangs, and no measure of a slow machine. */
const timeouts = { unit: 60_000, simulator: 120_000, webrtc: 60_000, package: 180_000 }

export default defineConfig({
  test: {
    projects: [
      project('unit', {
        include: [
          'packages/*/{src,test}/**/*.test.ts',
          'signaling-server/{src,test}/**/*.test.ts',
          'apps/*/src/**/*.test.ts',
          'scripts/**/*.test.ts',
        ],
        exclude: [...ignored, ...slow],
      }),
      project('simulator', { include: ['packages/*/{src,test}/**/*.sim.test.ts'], exclude: ignored }),
      project('webrtc', {
        include: ['packages/*/{src,test}/**/*.webrtc.test.ts'],
        exclude: ignored,
        pool: 'forks',
      }),
      project('package', { include: ['packages/sdk/test/package.test.ts'], exclude: ignored }),
      project('bench', { include: [], benchmark: { include: ['packages/*/bench/*.bench.ts'] } }),
    ],
  },
})

function project(name: string, test: object) {
  const testTimeout = timeouts[name as keyof typeof timeouts] ?? timeouts.unit
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: { name, environment: 'node', testTimeout, hookTimeout: testTimeout, ...test },
  }
}
