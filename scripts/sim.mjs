/** `npm run sim -- …`: builds the simulator's command line when needed and runs it with the given arguments. */
import { join } from 'node:path'
import { buildTargets } from './build.mjs'
import { root, run } from './process.mjs'
import { simulatorFlags } from './simulator.mjs'

await buildTargets(['simulator'])
process.exitCode = await run(process.execPath, [
  ...simulatorFlags,
  join(root, 'packages/simulator/dist/cli.js'),
  ...process.argv.slice(2),
])
