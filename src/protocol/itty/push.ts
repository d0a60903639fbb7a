/** HTTP push: a backend sends to a reserved channel without a WebSocket (H-1 to H-6). */
import type { Hub } from '../../core/hub.ts'
import { COMMONS, channelRef } from '../../core/types.ts'
import { type Failure, type Result, fail, ok } from '../../failure.ts'
import type { Keys } from '../../policy/keys.ts'
import type { Visit } from '../protocol.ts'
import { checkMessage } from './message-text.ts'
import { SERVER_HEADER } from '../../version.ts'
import { channelName } from './options.ts'

export interface PushParts {
  readonly hub: Hub
  readonly digest: (key: string) => Uint8Array
  /** Whether the visitor's address may push now; it counts the attempt. */
  readonly mayPush: (visitor: Pick<Visit, 'address'>) => boolean
  readonly onRefusal: (why: Failure, detail: PushDetail) => void
  readonly maxChannelBytes: number
  readonly maxMessageBytes: number
  readonly guardEvents: boolean
}

/** What the log may know of a refused push. */
export interface PushDetail {
  readonly channel: string | undefined
  readonly address: string
  readonly because: string | undefined
}

export const PUSH_PREFIX = '/push/'

/** Of every answer: any page may read it, and its type is exactly this. */
const HEADERS = {
  ...SERVER_HEADER,
  'content-type': 'application/json',
  'access-control-allow-origin': '*',
}

/** Made once: Bun takes a `Headers` in less than half the time of an object. */
const ACCEPTED: ResponseInit = { status: 200, headers: new Headers(HEADERS) }

const PREFLIGHT = {
  ...SERVER_HEADER,
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'content-type, x-send-key',
  'access-control-max-age': '86400',
}

/** Answers any request under `/push/`. */
export async function servePush(parts: PushParts, visit: Visit): Promise<Response> {
  const { method } = visit.request
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers: PREFLIGHT })
  if (method !== 'POST') return refused(parts, visit, undefined, fail('method_not_allowed'))
  if (!parts.mayPush(visit)) return refused(parts, visit, undefined, fail('push_rate'))
  const named = channelName(visit.path.slice(PUSH_PREFIX.length), parts.maxChannelBytes)
  if (!named.ok) return refused(parts, visit, undefined, named)
  const ref = channelRef(COMMONS, named.value)
  // The key is asked for before the body is read: a stranger cannot make the server buffer anything.
  const verdict = parts.hub.admitPush(ref, presentedKeys(parts, visit.request))
  if (!verdict.join) {
    return refused(parts, visit, named.value, fail(verdict.failure), verdict.because.detail)
  }
  const guard = verdict.because.reservation?.options.guardEvents ?? parts.guardEvents
  const body = await readBody(visit.request, parts.maxMessageBytes)
  const checked = body.ok ? checkMessage(body.value, guard) : body
  if (!checked.ok) return refused(parts, visit, named.value, checked)
  const text = (body as { value: string }).value
  const receivers = parts.hub.push(ref, { data: text, encoding: 'json', sender: undefined })
  return new Response(`{"receivers":${receivers}}`, ACCEPTED)
}

function presentedKeys(parts: PushParts, request: Request): Keys {
  const key = request.headers.get('x-send-key')
  return key ? { send: parts.digest(headerText(key)) } : {}
}

/** Headers are read as Latin-1; most programs write UTF-8 into them, browsers cannot. */
function headerText(value: string): string {
  if (/^[ -~]*$/.test(value)) return value
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

async function readBody(request: Request, maxBytes: number): Promise<Result<string>> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > maxBytes) return fail('message_too_large')
  let bytes: Uint8Array
  try {
    bytes = await request.bytes()
  } catch {
    return fail('bad_request', 'the body could not be read')
  }
  if (bytes.byteLength > maxBytes) return fail('message_too_large')
  try {
    return ok(utf8.decode(bytes))
  } catch {
    return fail('not_json')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function refused(
  parts: PushParts,
  visit: Visit,
  channel: string | undefined,
  result: Result<unknown>,
  because?: string,
): Response {
  const why = (result as { failure: Failure }).failure
  parts.onRefusal(why, { channel, address: visit.address, because })
  const body = `{"error":${JSON.stringify({ code: why.name, message: why.message })}}`
  const headers: Record<string, string> = { ...HEADERS }
  if (why.name === 'method_not_allowed') headers['allow'] = 'POST, OPTIONS'
  if (why.retry) headers['retry-after'] = '1'
  return new Response(body, { status: why.status, headers })
}
