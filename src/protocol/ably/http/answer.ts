/** Answers of the REST interface, with the headers and error bodies that SDKs depend on. */
import { type Failure, type Result, ok, refusalHeaders } from '../../../failure.ts'
import { SERVER_HEADER } from '../../../version.ts'
import { isTokenFailure } from '../errors/codes.ts'
import { type ErrorInfo, errorInfo } from '../errors/error-info.ts'
import type { Format } from '../wire/format.ts'
import { LazyObject, joined, piecesOf } from '../wire/pieces.ts'
import type { AnswerBody, Recipient } from './answer-bodies.ts'
import { CONTENT_TYPE } from './body.ts'
import { corsHeaders } from './cors.ts'

/** What a handler gives back: a value to be encoded, or nothing at all. */
export interface RestAnswer {
  readonly status: number
  /** Long lists in it are lazy. */
  readonly value: unknown
  /** About what the value takes in memory, where that is much. */
  readonly bytes?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A body that goes on and is neither encoded nor enveloped, in the place of a value. */
  readonly stream?: ReadableStream<Uint8Array>
}

/** How the client wants its answer. */
export interface AnswerStyle {
  readonly format: Format
  /** Headers in the body, for browsers that cannot read them. */
  readonly envelope: Format | undefined
  readonly origin: string | null
}

/** What most answers have: copying headers costs half of what making them does. */
const USUAL_HEADERS: Readonly<Record<Format, Headers>> = {
  json: new Headers({ ...SERVER_HEADER, 'content-type': CONTENT_TYPE.json }),
  msgpack: new Headers({ ...SERVER_HEADER, 'content-type': CONTENT_TYPE.msgpack }),
}

/** Makes the body of an answer. */
export type MakeBody = (value: unknown, format: Format, recipient: Recipient) => Result<AnswerBody>

/** Of what is made at once, nobody asks. */
const NOBODY: Recipient = { appId: undefined, address: '', bytes: 0 }

/** For what is small. */
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
 * The code and text also go into headers: paged reads and browsers take them from there (HP6, HP7). ably-php looks
 * for them with these capitals.
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
  // What is made at once always finds room.
  if (!response.ok) throw new Error(response.failure.message)
  return response.value
}

/**
 * For ably-java it is this header, and not the code, that tells it to get a new token and try again. Whoever signs
 * JWTs with a wrong secret gets no better ones by that.
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
    // Whoever reads these looks for them as browsers name them.
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

/** Header values take no line breaks and nothing beyond Latin-1. */
function headerText(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]/g, '?')
}
