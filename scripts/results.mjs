/** `npm run results`: writes `docs/results/README.md` and its plots from `docs/results/data/*.json`. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './process.mjs'
import { readAll } from './results/data.mjs'
import { rendered } from './results/page.mjs'

const folder = join(root, 'docs/results')
const files = rendered(readAll(join(folder, 'data')))
for (const stale of readdirSync(folder).filter((name) => name.endsWith('.svg') && !files.has(name)))
  rmSync(join(folder, stale))
for (const [name, text] of files) writeFileSync(join(folder, name), text)
console.log(`docs/results: ${[...files.keys()].join(', ')}`)
