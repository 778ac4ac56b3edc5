import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

test('the soak runs every scenario with every seed and ends well', async () => {
  const { code, output } = await soak('--seeds', '2', '--scenarios', 'join,put', '--', '--peers', '4')
  expect(output).toContain('4 runs, 0 failed')
  expect(code).toBe(0)
})

test('a failure is told with the command that shows it again, and ends with 1', async () => {
  const { code, output } = await soak(
    ...['--seeds', '1', '--from', '7', '--scenarios', 'join', '--', '--peers', '3', '--loss', '0.97'],
  )
  expect(output).toContain('FAILED: npm run --silent sim -- join --seed 7 --peers 3 --loss 0.97')
  expect(output).toContain('3 peers have not joined')
  expect(code).toBe(1)
})

function soak(...args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/soak.mjs', ...args], { cwd: root }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout })
    })
  })
}
