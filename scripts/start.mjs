/**
 * `npm start`: installs and builds what is missing, then serves the web app and signaling on one port, 8080
 * or PORT. Arguments go on to the signaling server: `npm start -- --https`. The server runs in this process,
 * so Ctrl-C and SIGTERM reach it once and its clean stop is ours.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installPackages } from './install.mjs'
import { root, run } from './process.mjs'

await installPackages()
const buildCode = await run(process.execPath, [join(root, 'scripts/build.mjs'), 'server', 'web'])
if (buildCode !== 0) process.exit(buildCode)

const server = join(root, 'signaling-server/dist/main.js')
const defaults = ['--static', join(root, 'apps/web/dist'), '--port', process.env['PORT'] ?? '8080']
process.argv = [process.execPath, server, ...defaults, ...process.argv.slice(2)]
await import(pathToFileURL(server).href)
