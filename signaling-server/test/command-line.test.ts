import { describe, expect, test } from 'vitest'
import { type Command, readCommand } from '../src/command-line.ts'
import { createLog } from '../src/log.ts'
import { DEFAULT_OPTIONS, resolveOptions } from '../src/options.ts'

function optionsOf(command: Command) {
  if (command.type !== 'start') throw new Error(command.text)
  return command.options
}

describe('the command line', () => {
  test('says nothing: the defaults', () => {
    expect(optionsOf(readCommand([], {}))).toEqual(DEFAULT_OPTIONS)
  })

  test('a flag wins over its variable, a variable over the default, and the last flag over earlier ones', () => {
    const environment = { PORT: '1', HYPHAE_INTRODUCERS: '3', HYPHAE_LOG_LEVEL: '' }
    const options = optionsOf(readCommand(['--port', '2', '--port', '4'], environment))
    expect(options).toMatchObject({ port: 4, introducers: 3, logLevel: 'info' })
  })

  test('takes every kind of value', () => {
    const args = ['--https', '--allowed-origins', 'https://a.example, https://b.example', '--log-level=warn']
    expect(optionsOf(readCommand(args, { HYPHAE_TRUST_PROXY: 'true', HYPHAE_STATIC: 'app' }))).toMatchObject({
      https: true,
      trustProxy: true,
      staticFolder: 'app',
      allowedOrigins: ['https://a.example', 'https://b.example'],
      logLevel: 'warn',
    })
  })

  test.each([
    [['--port', '65536'], {}, "--port takes an integer from 0 to 65535, not '65536'. See --help."],
    [['--port', '8e3'], {}, "--port takes an integer from 0 to 65535, not '8e3'. See --help."],
    [[], { PORT: 'http' }, "PORT takes an integer from 0 to 65535, not 'http'. See --help."],
    [['--prot', '1'], {}, "Unknown option '--prot'. See --help."],
    [['serve'], {}, "Unexpected argument 'serve'. See --help."],
    [[], { HYPHAE_HTTPS: 'yes' }, "HYPHAE_HTTPS takes one of true, false, 1, 0, not 'yes'. See --help."],
    [['--log-level', 'loud'], {}, /^--log-level takes one of debug, info, .*, not 'loud'\. See --help\.$/],
    [['--https', '--cert', 'c.pem'], {}, 'a certificate and its key are given together. See --help.'],
    [['--cert', 'c', '--key', 'k'], {}, 'a certificate is of use with https alone. See --help.'],
    [
      ['--allowed-origins', 'a.example'],
      {},
      /^an allowed origin looks like https:\/\/example\.org; got a\.example/,
    ],
  ])('%j with %j is a mistake', (args, environment, text) => {
    const command = readCommand(args, environment as Record<string, string>)
    expect(command).toEqual({
      type: 'mistake',
      text: typeof text === 'string' ? text : expect.stringMatching(text),
    })
  })

  test('--help names every option with its variable and default', () => {
    const command = readCommand(['-h'], {}) as { text: string }
    // All but `writeLog`, which is for code.
    const flags = command.text.match(/^ {2}--[a-z-]+/gm) ?? []
    expect(flags).toHaveLength(Object.keys(DEFAULT_OPTIONS).length - 1)
    expect(command.text.match(/HYPHAE_[A-Z_]+|PORT$/gm)).toHaveLength(flags.length)
    expect(command.text).toContain('(default 8080); PORT')
  })
})

test('options given in code are checked alike', () => {
  expect(() => resolveOptions({ introducers: 0 })).toThrow('introducers is an integer from 1 to 10000; got 0')
  expect(() => resolveOptions({ pingMs: Number.NaN })).toThrow(RangeError)
})

test('log lines are JSON with time, level and event, from the level on', () => {
  const lines: string[] = []
  const log = createLog('warn', (line) => lines.push(line))
  log.info('started', { port: 1 })
  log.warn('odd', { detail: 'two\nlines' })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^\{.*\}\n$/)
  expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 'warn', event: 'odd', detail: 'two\nlines' })
})
