/** HTTP push: a backend sends to a reserved channel without a WebSocket (H-1 to H-6). */
import { newMessage } from '../../core/types.ts'
import { headerText } from '../../text/header.ts'
import type { Place } from '../../core/access/caller.ts'
import type { CommonsAdmission } from '../../core/commons/admission.ts'
import type { Commons } from '../../core/commons/commons.ts'
import { type Soon, andThen } from '../../core/soon.ts'
import { type Failure, failure, refusalHeaders } from '../../failure.ts'
import type { AccessDecision } from '../../policy/channel-access.ts'
import type { Keys } from '../../policy/channel-keys.ts'
import { relayedJson } from '../../policy/relayed-json.ts'
import type { Visit } from '../protocol.ts'
import { SERVER_HEADER } from '../../version.ts'
import { channelName } from './options.ts'
import { inWords } from './refusal.ts'

export interface HttpPushParts {
  readonly commonsAdmission: CommonsAdmission
  readonly commons: Commons
  readonly digest: (key: string) => Uint8Array
  /** Whether an address may push now; counts the attempt. */
  readonly mayPush: (visitor: Pick<Visit, 'address'>) => boolean
  readonly onRefusal: (why: Failure, detail: HttpPushDetail) => void
  readonly maxChannelBytes: number
  readonly maxMessageBytes: number
  readonly guardEvents: boolean
}

/** What the log may contain about a refused push. */
export interface HttpPushDetail {
  readonly channel: string | undefined
  readonly address: string
  readonly because: string | undefined
}

export const PUSH_PREFIX = '/push/'

/** Headers of every answer; the content type must be exactly this. */
const HEADERS = { ...SERVER_HEADER, 'content-type': 'application/json' }

/** The transport has checked the origin already, so any page that gets here may read the answer. */
const ANY_PAGE = { 'access-control-allow-origin': '*' }

/** Built once, because Bun takes a `Headers` in less than half the time of an object. */
const ACCEPTED: ResponseInit = { status: 200, headers: new Headers({ ...HEADERS, ...ANY_PAGE }) }

const PREFLIGHT = {
  ...SERVER_HEADER,
  ...ANY_PAGE,
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'content-type, x-send-key',
  'access-control-max-age': '86400',
}

/** Whether a request has a send key, or is the preflight of one that has. Without a key no push is accepted. */
export function showsSendKey({ headers, method }: Request): boolean {
  if (method !== 'OPTIONS') return headers.has('x-send-key')
  return /\bx-send-key\b/i.test(headers.get('access-control-request-headers') ?? '')
}

/** Answers any request under `/push/`. */
export function serveHttpPush(parts: HttpPushParts, visit: Visit): Response | Promise<Response> {
  const { method } = visit.request
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers: PREFLIGHT })
  if (method !== 'POST') return refused(parts, visit, failure('method_not_allowed'))
  if (!parts.mayPush(visit)) return refused(parts, visit, failure('push_rate'))
  const named = channelName(visit.path.slice(PUSH_PREFIX.length), parts.maxChannelBytes)
  if (!named.ok) return refused(parts, visit, named.failure)
  const place = placeOf(parts, visit, named.value)
  const presented = presentedKeys(parts, visit.request)
  // The key is checked before the body is read, so that strangers cannot make the server buffer anything.
  const verdict = parts.commonsAdmission.admitPush(place, presented)
  if (!verdict.join) return refusedBy(parts, visit, place, verdict)
  return visit
    .body(parts.maxMessageBytes)
    .then((body) =>
      body.ok
        ? relay(parts, visit, presented, body.value)
        : refused(parts, visit, body.failure, { place }),
    )
}

function placeOf(
  { commonsAdmission }: HttpPushParts,
  { request, secure }: Visit,
  name: string,
): Place {
  const origin = request.headers.get('origin')
  return { channel: commonsAdmission.refOf(name), resource: name, secure, origin }
}

/** Decides again, because key, reservation and link may have changed while the body arrived. */
function relay(
  parts: HttpPushParts,
  visit: Visit,
  presented: Keys,
  bytes: Uint8Array,
): Soon<Response> {
  const { commonsAdmission, commons, maxChannelBytes } = parts
  const named = channelName(visit.path.slice(PUSH_PREFIX.length), maxChannelBytes)
  if (!named.ok) return refused(parts, visit, named.failure)
  const place = placeOf(parts, visit, named.value)
  const verdict = commonsAdmission.admitPush(place, presented)
  if (!verdict.join) return refusedBy(parts, visit, place, verdict)
  const text = decode(bytes)
  if (text === undefined) return refused(parts, visit, failure('not_json'), { place })
  const guard = verdict.because.reservation?.options.guardEvents ?? parts.guardEvents
  const value = relayedJson(text, guard)
  if (!value.ok) return refused(parts, visit, value.failure, { place })
  const message = newMessage(value.value)
  return andThen(commons.push(place, message), (receivers) =>
    receivers.ok
      ? new Response(`{"receivers":${receivers.value}}`, ACCEPTED)
      : refused(parts, visit, receivers.failure, { place }),
  )
}

function presentedKeys(parts: HttpPushParts, request: Request): Keys {
  const key = request.headers.get('x-send-key')
  return key ? { send: parts.digest(headerText(key)) } : {}
}

/** @returns undefined for bytes that are not UTF-8 */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function refusedBy(
  parts: HttpPushParts,
  visit: Visit,
  place: Place,
  { because, failure: name }: AccessDecision & { join: false },
): Response {
  return refused(parts, visit, failure(name), { place, because: because.detail })
}

/** @param place the channel, once it is known, and what the policy said about it */
function refused(
  parts: HttpPushParts,
  visit: Visit,
  why: Failure,
  { because, place }: { readonly place?: Place; readonly because?: string } = {},
): Response {
  parts.onRefusal(why, { channel: place?.channel.name, address: visit.address, because })
  return pushRefusal(inWords(why), ANY_PAGE)
}

/** @param readers CORS headers; left out, no page of another origin may read the answer */
export function pushRefusal(why: Failure, readers: Record<string, string> = {}): Response {
  const body = `{"error":${JSON.stringify({ code: why.name, message: why.message })}}`
  const headers: Record<string, string> = { ...HEADERS, ...readers, ...refusalHeaders(why) }
  if (why.name === 'method_not_allowed') headers['allow'] = 'POST, OPTIONS'
  return new Response(body, { status: why.status, headers })
}
