/** Structured logs on standard output. Callers pass fields, never URLs with queries, message contents or keys. */
import {
  type LogLevel,
  configureSync,
  getConsoleSink,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
} from '@logtape/logtape'
import type { Config } from '../config.ts'

export type { Logger } from '@logtape/logtape'

/** Sets the process up to log; may be called again, as tests do. */
export function startLogs({ logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>): void {
  const formatter = isTextLog({ logFormat })
    ? getTextFormatter({ category: '.', timestamp: 'time', format: textLine })
    : getJsonLinesFormatter({ properties: 'flatten', message: 'rendered' })
  configureSync({
    reset: true,
    sinks: { stdout: getConsoleSink({ formatter, levelMap: STDOUT }) },
    loggers: [
      { category: 'latchkey', lowestLevel: logLevel, sinks: ['stdout'] },
      { category: ['logtape', 'meta'], lowestLevel: 'error', sinks: ['stdout'] },
    ],
  })
}

/** Whether logs are for a person at a terminal rather than for a program that collects them. */
export function isTextLog({ logFormat }: Pick<Config, 'logFormat'>): boolean {
  return logFormat === 'text' || (logFormat === 'auto' && process.stdout.isTTY)
}

/** A logger for one part of the server, such as `itty` or `store`. */
export function logger(part: string): ReturnType<typeof getLogger> {
  return getLogger(['latchkey', part])
}

type ConsoleMethod = 'log'
/** Every level goes to standard output, where a service manager collects it. */
const STDOUT: Record<LogLevel, ConsoleMethod> = {
  trace: 'log',
  debug: 'log',
  info: 'log',
  warning: 'log',
  error: 'log',
  fatal: 'log',
}

interface TextValues {
  readonly timestamp: string | null
  readonly level: string
  readonly category: string
  readonly message: string
  readonly record: { readonly properties: Record<string, unknown> }
}

function textLine({ timestamp, level, category, message, record }: TextValues): string {
  const fields = Object.entries(record.properties)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
    )
  return [timestamp, level, category, message, ...fields].join(' ')
}
