import { mkdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startFailure } from '../src/start-failure.ts'

const where = { port: 80, host: 'example.invalid' }

test.each([
  ['listen', 'EACCES', 'Port 80 may not be used by this user; choose one above 1023 with --port.'],
  ['listen', 'EADDRINUSE', 'Port 80 is in use already; choose another with --port.'],
  ['getaddrinfo', 'ENOTFOUND', 'example.invalid is no address of this machine; see --host.'],
  ['mkdir', 'EACCES', 'The server could not start: the message.'],
])('%s %s', (syscall, code, text) => {
  expect(startFailure(Object.assign(new Error('the message'), { syscall, code }), where)).toBe(text)
})

test('a file that cannot be had is named, and no port is blamed', async () => {
  const error = await mkdir('/dev/null/certificates', { recursive: true }).catch((error) => error)
  expect(startFailure(error, where)).toMatch(/^The server could not start: .*'\/dev\/null\/certificates'\.$/)
})
