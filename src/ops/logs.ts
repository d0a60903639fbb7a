/**
 * Structured logs on standard output. Callers pass fields, never URLs with queries, message contents or keys. What
 * strangers wrote is in them, so each record is made safe here: no secret in the wrong place, nothing that a
 * terminal obeys, no second line.
 */
import {
  type LogLevel,
  type LogRecord,
  type TextFormatter,
  configureSync,
  getConsoleSink,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
} from '@logtape/logtape'
import type { Config } from '../config.ts'
import { fieldsWithoutSecrets, shownText } from '../text/secrets.ts'
import { visible, visibleJson } from '../text/visible.ts'

export type { Logger } from '@logtape/logtape'

/** Sets the process up to log; may be called again, as tests do. */
export function startLogs({ logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>): void {
  const formatter = isTextLog({ logFormat })
    ? getTextFormatter({ category: '.', timestamp: 'time', format: textLine })
    : getJsonLinesFormatter({ properties: 'flatten', message: 'rendered' })
  configureSync({
    reset: true,
    sinks: { stdout: getConsoleSink({ formatter: safely(formatter), levelMap: STDOUT }) },
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
  readonly record: LogRecord
}

/** Formats records without what strangers may have put into them to deceive. */
function safely(format: TextFormatter): TextFormatter {
  return (record) => {
    const line = format({
      ...record,
      message: messageOf(record),
      properties: fieldsWithoutSecrets(record.properties),
    })
    // A record is one line: the only newline is the one that the formatter wrote at its end.
    return `${visibleJson(line.trimEnd())}\n`
  }
}

/** Messages here are texts and no templates: a `{` in one may have come from a stranger. */
function messageOf({ category, message, rawMessage }: LogRecord): readonly unknown[] {
  return category[0] === 'latchkey' ? [shownText(String(rawMessage))] : message
}

function textLine({ timestamp, level, category, record }: TextValues): string {
  const fields = Object.entries(record.properties)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  // The formatter would render values inside the message; ours are fields, and the message has none.
  return [timestamp, level, category, visible(record.message.join('')), ...fields].join(' ')
}
