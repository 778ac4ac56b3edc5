// Flags and environment variables of the command, declared once: reading, checking and --help follow from one table.
// A flag wins over its variable, and a variable over the default.

import { parseArgs } from 'node:util'
import { LOG_LEVELS } from './log.ts'
import { DEFAULT_OPTIONS, OPTION_RANGES, resolveOptions, type ServerOptions } from './options.ts'

export type Command =
  | { readonly type: 'start'; readonly options: ServerOptions }
  | { readonly type: 'help'; readonly text: string }
  /** A sentence for whoever typed it. */
  | { readonly type: 'mistake'; readonly text: string }

type Setting = Exclude<keyof ServerOptions, 'writeLog'>

interface Flag {
  readonly setting: Setting
  readonly name: string
  /** What stands for the value in --help; none for a switch. */
  readonly value?: 'NUMBER' | 'TEXT' | 'DIR' | 'FILE' | 'LIST' | 'LEVEL'
  readonly help: string
}

const FLAGS: readonly Flag[] = [
  { setting: 'port', name: 'port', value: 'NUMBER', help: 'TCP port; 0 takes a free one' },
  { setting: 'host', name: 'host', value: 'TEXT', help: 'address to listen on; by default all of them' },
  { setting: 'staticFolder', name: 'static', value: 'DIR', help: 'serve the built web app in DIR' },
  {
    setting: 'https',
    name: 'https',
    help: 'serve TLS, with a self-signed certificate unless --cert is given',
  },
  { setting: 'certFile', name: 'cert', value: 'FILE', help: 'certificate chain (PEM), with --key' },
  { setting: 'keyFile', name: 'key', value: 'FILE', help: 'private key (PEM), with --cert' },
  {
    setting: 'certFolder',
    name: 'cert-folder',
    value: 'DIR',
    help: 'where the self-signed certificate is kept',
  },
  {
    setting: 'allowedOrigins',
    name: 'allowed-origins',
    value: 'LIST',
    help: 'origins whose pages may connect, separated by commas; by default every one',
  },
  {
    setting: 'trustProxy',
    name: 'trust-proxy',
    help: 'take the remote address from X-Forwarded-For; only behind a proxy',
  },
  {
    setting: 'workBits',
    name: 'work-bits',
    value: 'NUMBER',
    help: 'work that every peer id must show, in bits',
  },
  {
    setting: 'introducers',
    name: 'introducers',
    value: 'NUMBER',
    help: 'peers per network that are kept connected',
  },
  {
    setting: 'meshedLinks',
    name: 'meshed-links',
    value: 'NUMBER',
    help: 'links with which a peer may go quiet',
  },
  {
    setting: 'checkInMs',
    name: 'check-in-ms',
    value: 'NUMBER',
    help: 'milliseconds after which a quiet peer checks in',
  },
  { setting: 'connectionsMax', name: 'connections-max', value: 'NUMBER', help: 'connections altogether' },
  {
    setting: 'connectionsPerAddressMax',
    name: 'connections-per-address-max',
    value: 'NUMBER',
    help: 'connections of one address',
  },
  { setting: 'networksMax', name: 'networks-max', value: 'NUMBER', help: 'networks with somebody connected' },
  {
    setting: 'connectionsPerSecondPerAddress',
    name: 'connections-per-second-per-address',
    value: 'NUMBER',
    help: 'new connections of one address, sustained',
  },
  {
    setting: 'messagesPerSecond',
    name: 'messages-per-second',
    value: 'NUMBER',
    help: 'messages of one connection, sustained',
  },
  {
    setting: 'messagesPerSecondPerAddress',
    name: 'messages-per-second-per-address',
    value: 'NUMBER',
    help: 'messages of one address, sustained',
  },
  { setting: 'pingMs', name: 'ping-ms', value: 'NUMBER', help: 'milliseconds between pings' },
  {
    setting: 'joinTimeoutMs',
    name: 'join-timeout-ms',
    value: 'NUMBER',
    help: 'milliseconds from connection to join',
  },
  {
    setting: 'drainMs',
    name: 'drain-ms',
    value: 'NUMBER',
    help: 'milliseconds for downloads under way when it stops',
  },
  { setting: 'logLevel', name: 'log-level', value: 'LEVEL', help: `one of ${LOG_LEVELS.join(', ')}` },
]

export type Environment = Readonly<Record<string, string | undefined>>

export function readCommand(args: readonly string[], environment: Environment): Command {
  try {
    const flags = parseFlags(args)
    if (flags['help'] === true) return { type: 'help', text: helpText() }
    return { type: 'start', options: resolveOptions(settingsFrom(flags, environment)) }
  } catch (error) {
    return { type: 'mistake', text: `${sentence(error)}. See --help.` }
  }
}

function parseFlags(args: readonly string[]): Record<string, string | boolean | undefined> {
  const switches = FLAGS.map(({ name, value }) => [name, { type: value ? 'string' : 'boolean' }] as const)
  const options = Object.fromEntries([...switches, ['help', { type: 'boolean', short: 'h' }] as const])
  return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values as Record<
    string,
    string | boolean | undefined
  >
}

function settingsFrom(
  flags: Readonly<Record<string, string | boolean | undefined>>,
  environment: Environment,
): Partial<ServerOptions> {
  const settings: Record<string, unknown> = {}
  for (const flag of FLAGS) {
    const given = flags[flag.name]
    const variable = environment[variableOf(flag)]
    // An empty variable is one that somebody unset.
    if (given !== undefined) settings[flag.setting] = readValue(flag, String(given), `--${flag.name}`)
    else if (variable) settings[flag.setting] = readValue(flag, variable, variableOf(flag))
  }
  return settings
}

/** The value in the type of its option. Throws a TypeError that names `source`. */
function readValue(flag: Flag, text: string, source: string): unknown {
  switch (flag.value) {
    case undefined:
      return oneOf(['true', 'false', '1', '0'], text, source) === 'true' || text === '1'
    case 'NUMBER':
      return numberOf(flag.setting as keyof typeof OPTION_RANGES, text, source)
    case 'LIST':
      return text.split(',').map((item) => item.trim())
    case 'LEVEL':
      return oneOf(LOG_LEVELS, text, source)
    default:
      return text
  }
}

function numberOf(setting: keyof typeof OPTION_RANGES, text: string, source: string): number {
  const [min, max] = OPTION_RANGES[setting]
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new TypeError(`${source} takes an integer from ${min} to ${max}, not '${text}'`)
}

function oneOf(words: readonly string[], text: string, source: string): string {
  if (words.includes(text)) return text
  throw new TypeError(`${source} takes one of ${words.join(', ')}, not '${text}'`)
}

/** PORT is what hosting platforms set. */
function variableOf({ name }: Flag): string {
  return name === 'port' ? 'PORT' : `HYPHAE_${name.toUpperCase().replaceAll('-', '_')}`
}

/** The first sentence of an error, without its full stop: `parseArgs` adds advice that is of no use here. */
function sentence(error: unknown): string {
  const { message } = error as Error
  return (message.split(/\. |\n/, 1)[0] as string).replace(/\.$/, '')
}

function helpText(): string {
  return [
    'Usage: hyphae-signaling [options]',
    '',
    'Introduces the first peers of Hyphae networks to each other and carries their offers.',
    'It can serve the web app too, on the same port.',
    '',
    ...FLAGS.flatMap(helpLines),
    ...helpLines({ name: 'help', help: 'print this' }),
    '',
    'Logs go to standard error, one JSON object per line.',
    '',
  ].join('\n')
}

function helpLines(flag: Flag | { readonly name: 'help'; readonly help: string }): string[] {
  if (!('setting' in flag)) return [`  -h, --${flag.name}`, `        ${flag.help}`]
  const standard = defaultText(flag.setting)
  return [
    `  --${flag.name}${flag.value ? ` ${flag.value}` : ''}`,
    `        ${flag.help}${standard && ` (default ${standard})`}; ${variableOf(flag)}`,
  ]
}

function defaultText(setting: Setting): string {
  const value = DEFAULT_OPTIONS[setting]
  return typeof value === 'boolean' ? '' : String(value)
}
