/**
 * `npm run dev`: Vite's development server for the web app, and the signaling server rebuilt and restarted
 * on every change of its sources. Ctrl-C stops both.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { installPackages } from './install.mjs'
import { root } from './process.mjs'

await installPackages()
const { build, createServer } = await import('vite')
const { nodeBuildOptions } = await import('./build.mjs')

const signalingPort = process.env['SIGNALING_PORT'] ?? '8080'
process.env['SIGNALING_PORT'] = signalingPort

/** @type {import('node:child_process').ChildProcess | null} */
let signaling = null
const signalingWatcher = await watchSignalingServer()
const webApp = await createServer({
  root: join(root, 'apps/web'),
  configFile: join(root, 'apps/web/vite.config.ts'),
})
await webApp.listen()
webApp.printUrls()

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop())

async function watchSignalingServer() {
  const options = nodeBuildOptions('signaling-server/src/main.ts', 'signaling-server/dist')
  const watcher = await build({ ...options, build: { ...options.build, watch: {} } })
  if (!('on' in watcher)) throw new Error('Vite did not start to watch the signaling server')
  watcher.on('event', (event) => {
    if (event.code === 'ERROR') console.error(event.error)
    if (event.code === 'END') void restartSignalingServer()
  })
  return watcher
}

async function restartSignalingServer() {
  await stopSignalingServer()
  const server = join(root, 'signaling-server/dist/main.js')
  signaling = spawn(process.execPath, [server, '--port', signalingPort], { stdio: 'inherit' })
}

async function stopSignalingServer() {
  const running = signaling
  signaling = null
  if (!running || running.exitCode !== null || running.signalCode !== null) return
  const ended = new Promise((resolve) => running.once('exit', resolve))
  running.kill('SIGTERM')
  await ended
}

async function stop() {
  await Promise.all([signalingWatcher.close(), stopSignalingServer(), webApp.close()])
  process.exit(0)
}
