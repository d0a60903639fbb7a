/** Checks what an itty-sockets client sends before it is spliced into a frame (F-2, F-5, F-7, F-9, E-14). */
import { type Failure, type Result, fail, failure, ok } from '../../failure.ts'

const SEPARATOR = '\u001F'
/** Deeper values could exhaust the stack of a careless reader. */
const MAX_DEPTH = 64
const MAX_ECHOED_RECIPIENT = 64

export interface Addressed {
  readonly recipient: string | undefined
  readonly text: string
}

/** Splits off the recipient's prefix. JSON text never begins with U+001F, so this is unambiguous (F-2). */
export function parseRecipient(frame: string): Result<Addressed> {
  if (!frame.startsWith(SEPARATOR)) return ok({ recipient: undefined, text: frame })
  const end = frame.indexOf(SEPARATOR, 1)
  if (end <= 1) return fail('recipient_malformed')
  return ok({ recipient: frame.slice(1, end), text: frame.slice(end + 1) })
}

const RESERVED_EVENTS: ReadonlySet<unknown> = new Set(['join', 'leave', 'error', 'open', 'close'])

/** Whether the text is one JSON value that may be relayed; the text itself is what gets relayed. */
export function checkMessage(text: string, guardEvents: boolean): Result<true> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return fail('not_json')
  }
  if (typeof value !== 'object' || value === null) return ok(true)
  if (isDeeper(value, MAX_DEPTH)) return fail('too_deep')
  if (guardEvents && RESERVED_EVENTS.has((value as { type?: unknown }).type)) {
    return fail('reserved_event')
  }
  return ok(true)
}

function isDeeper(value: object, allowed: number): boolean {
  if (allowed === 0) return true
  // Without `Object.values`, which would make an array for every message.
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key]
    if (typeof child === 'object' && child !== null && isDeeper(child, allowed - 1)) return true
  }
  return false
}

/** The error for a recipient that is not there names it, cut and kept printable (F-4). */
export function unknownRecipient(recipient: string): Failure {
  // A lone half of a surrogate pair could not be sent as UTF-8.
  const printable = recipient
    .slice(0, MAX_ECHOED_RECIPIENT)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD')
  return failure('recipient_unknown', `no member "${printable}" on this channel`)
}
