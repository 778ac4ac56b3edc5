/** `npm run sim -- …`: builds the simulator's command line when needed and runs it with the given arguments. */
import { join } from 'node:path'
import { buildTargets } from './build.mjs'
import { root, run } from './process.mjs'

/** MiB of each half of V8's nursery: most of what a simulated message leaves behind dies young (a sixth less time). */
const NURSERY_MIB = 64

await buildTargets(['simulator'])
process.exitCode = await run(process.execPath, [
  `--max-semi-space-size=${NURSERY_MIB}`,
  join(root, 'packages/simulator/dist/cli.js'),
  ...process.argv.slice(2),
])
