// Structured logs: one JSON object per line. Addresses and ids of peers appear at level debug alone, because logs are
// kept, and a server that introduces people should not keep who they were.

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

type LogFields = Readonly<Record<string, unknown>>
type LogMethod = (event: string, fields?: LogFields) => void
export type Log = Readonly<Record<Exclude<LogLevel, 'silent'>, LogMethod>>

/** A log that drops what is below `level`. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const least = LOG_LEVELS.indexOf(level)
  const method = (name: LogLevel): LogMethod =>
    LOG_LEVELS.indexOf(name) < least ? () => {} : (event, fields) => write(line(name, event, fields))
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') }
}

function line(level: LogLevel, event: string, fields: LogFields = {}): string {
  return `${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`
}
