/** A message without an envelope: the body is its data, and headers or query parameters are its other members. */
import { type Result, fail, ok } from '../../../failure.ts'
import { headerText } from '../../../text/header.ts'
import { isUtf8 } from 'node:buffer'
import { parse } from '../wire/format.ts'
import { type Structure, structureOf } from '../wire/structure.ts'
import type { Body } from '../http/body.ts'
import type { RestCall } from '../http/router.ts'

/** Members of a message, by header. The client id is that of the request. */
const HEADERS = {
  name: 'x-ably-messagename',
  id: 'x-ably-messageid',
  encoding: 'x-ably-encoding',
  connectionKey: 'x-ably-connectionkey',
} as const

/** @returns what the body of an enveloped message would have had */
export async function readRawMessage(call: RestCall): Promise<Result<Body>> {
  const bytes = await call.rawBody()
  if (!bytes.ok) return bytes
  const data = dataOf(call, bytes.value)
  if (!data.ok) return data
  const message: Record<string, unknown> = { data: data.value }
  for (const [member, header] of Object.entries(HEADERS)) {
    const value = call.request.headers.get(header)
    message[member] = value === null ? call.query.get(member) : headerText(value)
  }
  return ok({ value: message, text: undefined })
}

/** The data by content type: text, a JSON object or list, or bytes. */
function dataOf({ request }: RestCall, bytes: Uint8Array): Result<string | Uint8Array | Structure> {
  const type = request.headers.get('content-type') ?? 'text/plain'
  const isJson = type.includes('json')
  if (!isJson && !type.startsWith('text/')) return ok(bytes)
  if (!isUtf8(bytes)) return fail('data_invalid', 'the body is not valid UTF-8')
  const text = Buffer.from(bytes).toString('utf8')
  return ok((isJson && structure(text)) || text)
}

/** @returns undefined for what is no object or list, and for what only calls itself JSON */
function structure(text: string): Structure | undefined {
  const parsed = parse(text)
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return undefined
  return structureOf(text, parsed.value)
}
