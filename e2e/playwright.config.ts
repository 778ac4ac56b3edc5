/**
 * Browser tests: never repeated, each launching the browsers it needs through `fixtures/browsers.ts`. Two run beside each
 * other, because most of their time they wait for what takes its time; those that measure run when all others are over.
 */
import { defineConfig } from '@playwright/test'

const MEASURING = 'many-peers.spec.ts'

export default defineConfig({
  testDir: 'tests',
  outputDir: '../.results/e2e',
  fullyParallel: false,
  workers: 2,
  projects: [
    { name: 'beside each other', testIgnore: MEASURING },
    { name: 'alone', testMatch: MEASURING, dependencies: ['beside each other'] },
  ],
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [
    ['list'],
    ['json', { outputFile: process.env['PLAYWRIGHT_JSON_OUTPUT_FILE'] ?? '../.results/browsers.json' }],
  ],
})
