/** Bodies of requests and answers in JSON, MessagePack and forms, and the choice between them. */
import { type Result, fail, ok } from '../../../failure.ts'
import { formFields } from '../../../text/form.ts'
import type { Visit } from '../../protocol.ts'
import {
  type Format,
  encode,
  parse,
  parseEntries,
  parseStructure,
  textOf,
  unpack,
  unpackEntries,
  unpackStructure,
} from '../wire/format.ts'

/** Without `; charset`: SDKs compare the whole header. */
export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  json: 'application/json',
  msgpack: 'application/x-msgpack',
}

/** The format of the answer: by the Accept header, then by `format=`, otherwise JSON (RSC8). */
export function wantedFormat(request: Request, query: URLSearchParams): Format {
  const accept = request.headers.get('accept') ?? ''
  if (accept.includes('msgpack')) return 'msgpack'
  if (accept.includes('json')) return 'json'
  return query.get('format') === 'msgpack' ? 'msgpack' : 'json'
}

/** A parsed body, and its text if it was text, which signatures cover. */
export interface Body {
  readonly value: unknown
  readonly text: string | undefined
}

type Read = (bytes: Uint8Array) => Result<Body>

/** How a body is parsed, by its content type. */
export interface BodyReaders {
  readonly parser: Read
  readonly unpacker: Read
}

export const ANYTHING: BodyReaders = {
  parser: (bytes) => parseBody(bytes, parse),
  unpacker: (bytes) => unpackBody(bytes, unpack),
}

/** For bodies with messages, presence or annotations, whose data is kept exactly. */
export const ENTRIES: BodyReaders = {
  parser: (bytes) => parseBody(bytes, parseEntries),
  unpacker: (bytes) => unpackBody(bytes, unpackEntries),
}

/** For bodies that are stored as they were written. */
export const WHOLE: BodyReaders = {
  parser: (bytes) => parseBody(bytes, parseStructure),
  unpacker: (bytes) => unpackBody(bytes, unpackStructure),
}

const NOT_UTF8 = 'the body is not valid UTF-8'

type Sender = Pick<Visit, 'request' | 'body'>

/** Reads a body by its content type; anything that is neither MessagePack nor a form is taken for JSON text. */
export function readBody(
  sender: Sender,
  maxBytes: number,
  { parser, unpacker } = ANYTHING,
): Promise<Result<Body>> {
  const given = sender.request.headers.get('content-type') ?? ''
  // Of two values the first counts: ably-php appends its own content type to that of the caller.
  const comma = given.indexOf(',')
  const type = comma < 0 ? given : given.slice(0, comma)
  if (type.includes('msgpack')) return readWith(sender, maxBytes, unpacker)
  return readWith(sender, maxBytes, type.includes('x-www-form-urlencoded') ? readForm : parser)
}

/** Without `await`, because each one costs a promise for every message that is published. */
function readWith<T>(
  sender: Sender,
  maxBytes: number,
  read: (bytes: Uint8Array) => Result<T>,
): Promise<Result<T>> {
  return sender.body(maxBytes).then((bytes) => (bytes.ok ? read(bytes.value) : bytes))
}

function unpackBody(bytes: Uint8Array, read: typeof unpack): Result<Body> {
  const value = read(bytes)
  if (!value.ok) return fail('bad_request', 'the body is not valid MessagePack')
  return ok({ value: value.value, text: undefined })
}

function readForm(bytes: Uint8Array): Result<Body> {
  const fields = formFields(bytes)
  if (!fields) return fail('bad_request', NOT_UTF8)
  return ok({ value: Object.fromEntries(fields), text: undefined })
}

function parseBody(bytes: Uint8Array, read: typeof parse): Result<Body> {
  const decoded = textOf(bytes)
  if (!decoded.ok) return fail('bad_request', NOT_UTF8)
  const { value: text } = decoded
  if (text === '') return ok({ value: undefined, text })
  const value = read(text)
  return value.ok
    ? ok({ value: value.value, text })
    : fail('bad_request', 'the body is not valid JSON')
}

/** Undefined members are left out. */
export function encodeBody(value: unknown, format: Format): string | Uint8Array<ArrayBuffer> {
  const body = encode(value, format)
  return typeof body === 'string' ? body : new Uint8Array(body)
}
