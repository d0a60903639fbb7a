/** Frames of itty-sockets clients: an optional recipient, and the text (F-2, F-4). */
import { type Failure, type Result, fail, failure, ok } from '../../failure.ts'

const SEPARATOR = '\u001F'
const MAX_ECHOED_RECIPIENT = 64

export interface Addressed {
  readonly recipient: string | undefined
  readonly text: string
}

/** Splits off the recipient. JSON text never begins with U+001F, so this is unambiguous (F-2). */
export function parseRecipient(frame: string): Result<Addressed> {
  if (!frame.startsWith(SEPARATOR)) return ok({ recipient: undefined, text: frame })
  const end = frame.indexOf(SEPARATOR, 1)
  if (end <= 1) return fail('recipient_malformed')
  return ok({ recipient: frame.slice(1, end), text: frame.slice(end + 1) })
}

/** The error for an unknown recipient, which names it, cut and made printable (F-4). */
export function unknownRecipient(recipient: string): Failure {
  // A lone half of a surrogate pair could not be sent as UTF-8.
  const printable = recipient
    .slice(0, MAX_ECHOED_RECIPIENT)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD')
  return failure('recipient_unknown', `no member "${printable}" on this channel`)
}
