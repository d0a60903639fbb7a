/** Reads the body of a form that a browser has sent. */
import { type Result, fail, ok } from '../failure.ts'
import type { Visit } from '../protocol/protocol.ts'
import { formFields } from '../text/form.ts'
import { type Fields, fieldsOf } from './fields.ts'

const MAX_BODY_BYTES = 131_072

/**
 * Every field as text; no fields where the body is no form.
 * @returns `message_too_large` beyond 128 KiB, `bad_request` for what is not UTF-8, or why the transport reads no more
 */
export async function readFormBody(visit: Visit): Promise<Result<Fields>> {
  const bytes = await visit.body(MAX_BODY_BYTES)
  if (!bytes.ok) return bytes
  const type = visit.request.headers.get('content-type') ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded')) return ok({})
  const form = formFields(bytes.value)
  return form ? ok(fieldsOf(form)) : fail('bad_request', 'what the form sent is not valid UTF-8')
}
