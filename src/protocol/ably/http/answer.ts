/** HTTP answers with the headers and error bodies that SDKs depend on. */
import { type Failure, type Result, ok, refusalHeaders } from '../../../failure.ts'
import { SERVER_HEADER } from '../../../version.ts'
import { isTokenFailure } from '../errors/codes.ts'
import { type ErrorInfo, errorInfo } from '../errors/error-info.ts'
import type { Format } from '../wire/format.ts'
import { LazyObject, joined, piecesOf } from '../wire/pieces.ts'
import type { AnswerBody, Recipient } from './answer-bodies.ts'
import { CONTENT_TYPE } from './body.ts'
import { corsHeaders } from './cors.ts'

/** What a handler returns: a value to be encoded, a stream, or nothing. */
export interface RestAnswer {
  readonly status: number
  /** The body, before encoding. Long lists in it are lazy. */
  readonly value: unknown
  /** The size of a large value in memory, roughly. */
  readonly bytes?: number
  readonly headers?: Readonly<Record<string, string>>
  /** An endless body instead of a value. */
  readonly stream?: ReadableStream<Uint8Array>
}

/** The form in which a client gets its answer. */
export interface AnswerStyle {
  readonly format: Format
  /** The format of an envelope, which has status and headers in the body; undefined for none. */
  readonly envelope: Format | undefined
  readonly origin: string | null
}

/** Headers of most answers: copying them costs half of what building them does. */
const USUAL_HEADERS: Readonly<Record<Format, Headers>> = {
  json: new Headers({ ...SERVER_HEADER, 'content-type': CONTENT_TYPE.json }),
  msgpack: new Headers({ ...SERVER_HEADER, 'content-type': CONTENT_TYPE.msgpack }),
}

/** Makes the body of an answer. */
export type MakeBody = (value: unknown, format: Format, recipient: Recipient) => Result<AnswerBody>

/** For bodies that are made at once, for which no memory is reserved. */
const NOBODY: Recipient = { appId: undefined, address: '', bytes: 0 }

/** Makes a small body at once. */
export const AT_ONCE: MakeBody = (value, format) => ok(joined([...piecesOf(value, format)], format))

/** @returns why there is no room for the answer, if there is none */
export function success(
  answer: RestAnswer,
  style: AnswerStyle,
  makeBody: MakeBody,
  recipient: Recipient,
): Result<Response> {
  const { status, value } = answer
  if (isUsual(answer, style)) {
    const body = makeBody(value, style.format, recipient)
    if (!body.ok) return body
    return ok(new Response(body.value, { status, headers: USUAL_HEADERS[style.format] }))
  }
  const headers = { ...SERVER_HEADER, ...corsHeaders(style.origin), ...answer.headers }
  if (answer.stream) return ok(new Response(answer.stream, { status, headers }))
  if (style.envelope !== undefined) return enveloped(answer, style, makeBody, recipient)
  if (value === undefined) return ok(new Response(null, { status, headers }))
  const body = makeBody(value, style.format, recipient)
  if (!body.ok) return body
  const typed = { ...headers, 'content-type': CONTENT_TYPE[style.format] }
  return ok(new Response(body.value, { status, headers: typed }))
}

function isUsual({ value, headers, stream }: RestAnswer, { origin, envelope }: AnswerStyle) {
  const isPlain = headers === undefined && stream === undefined && value !== undefined
  return isPlain && origin === null && envelope === undefined
}

/**
 * Code and message as headers, where paged reads and browsers look for them (HP6, HP7); ably-php with these capitals.
 */
export function errorHeaders({ code, message }: ErrorInfo): Record<string, string> {
  return { 'X-Ably-Errorcode': String(code), 'X-Ably-Errormessage': headerText(message) }
}

/** @param base as for `errorInfo` */
export function refusal(why: Failure, style: AnswerStyle, base: string): Response {
  const error = errorInfo(why, base)
  const headers: Record<string, string> = {
    ...errorHeaders(error),
    ...(why.status === 401 && { 'www-authenticate': challenge(why) }),
    ...refusalHeaders(why),
  }
  const response = success(
    { status: why.status, value: { error }, headers },
    style,
    AT_ONCE,
    NOBODY,
  )
  // Bodies that are made at once are never refused.
  if (!response.ok) throw new Error(response.failure.message)
  return response.value
}

/**
 * ably-java requests a new token because of `stale` in this header, and not because of the code. A JWT with a wrong
 * signature is not called stale, because a new one would be signed with the same wrong secret.
 */
function challenge(why: Failure): string {
  if (!isTokenFailure(why)) return 'Basic realm="Latchkey"'
  return `X-Ably-Token realm="Latchkey"${why.name === 'jwt_invalid' ? '' : ', stale="true"'}`
}

function enveloped(
  answer: RestAnswer,
  style: AnswerStyle,
  makeBody: MakeBody,
  recipient: Recipient,
): Result<Response> {
  const format = style.envelope ?? style.format
  const given = Object.entries({ 'content-type': CONTENT_TYPE[format], ...answer.headers })
  const value = new LazyObject({
    statusCode: answer.status,
    response: answer.value ?? null,
    // In lower case, as browsers name headers.
    headers: Object.fromEntries(given.map(([name, text]) => [name.toLowerCase(), text])),
  })
  const body = makeBody(value, format, recipient)
  if (!body.ok) return body
  const headers = {
    ...SERVER_HEADER,
    ...corsHeaders(style.origin),
    'content-type': CONTENT_TYPE[format],
  }
  return ok(new Response(body.value, { status: 200, headers }))
}

/** Header values may contain neither line breaks nor characters beyond Latin-1. */
function headerText(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]/g, '?')
}
