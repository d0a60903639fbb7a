/** Subscribing over HTTP: server-sent events, or a line of JSON for each event. */
import type { Gate } from '../../../core/access/gate.ts'
import type { Channel } from '../../../core/channel/channel.ts'
import type { Attachments } from '../../../core/delivery/attachments.ts'
import type { Registry } from '../../../core/registry/registry.ts'
import type { Soon } from '../../../core/soon.ts'
import { channelRef } from '../../../core/types.ts'
import { type Failure, type Result, fail, ok } from '../../../failure.ts'
import type { Authenticator } from '../../../identity/authenticate.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import type { MessageFilter } from '../../../policy/message-filter.ts'
import type { SubscriptionLimit } from '../subscription/subscription-limit.ts'
import { filterOfKind } from '../subscription/channel-filter.ts'
import type { HttpAdmission } from '../../protocol.ts'
import type { RestAnswer } from '../http/answer.ts'
import { channelNames } from '../http/channel-names.ts'
import type { RestCall, RestRoute } from '../http/router.ts'
import { readAttachParams } from '../wire/attach-params.ts'
import { type QualifiedName, parseChannelName } from '../wire/channel-name.ts'
import type { StreamedChannel } from './backlog.ts'
import { variantOf } from './encode.ts'
import { CONTENT_TYPES, type Style } from './stream-format.ts'
import type { Streams } from './streams.ts'

export interface StreamRouteParts extends Pick<HttpAdmission, 'turnAway'> {
  readonly authenticator: Authenticator
  readonly gate: Gate
  readonly attachments: Attachments
  readonly registry: Registry
  readonly streams: Streams
  readonly subscriptionLimit: SubscriptionLimit
}

const MAX_CHANNELS = 100

export function streamRoutes(parts: StreamRouteParts): RestRoute[] {
  const wantsEvents = ({ request }: RestCall) =>
    request.headers.get('accept')?.includes('text/event-stream') === true
  return [
    { method: 'GET', path: '/sse', handle: (call) => listen(parts, call, 'sse') },
    {
      method: 'GET',
      path: '/event-stream',
      handle: (call) => listen(parts, call, wantsEvents(call) ? 'sse' : 'lines'),
    },
  ]
}

/** A channel as the request names it. */
interface Named {
  readonly text: string
  readonly qualified: QualifiedName
  readonly filter: MessageFilter | undefined
}

async function listen(
  parts: StreamRouteParts,
  call: RestCall,
  style: Style,
): Promise<Result<RestAnswer>> {
  const { query, request, secure, visit } = call
  const turned = parts.turnAway(visit)
  if (turned) return fail(turned)
  if (!query.get('v') && !request.headers.get('x-ably-version'))
    return fail('version_unsupported', 'the parameter v, the version of the protocol, is missing')
  const { credentials } = call
  if (!credentials.ok) return credentials
  const principal = await parts.authenticator.authenticate(credentials.value, call)
  if (!principal.ok) return principal
  call.countFor(principal.value.appId)
  const names = readNames(query)
  if (!names.ok) return names
  const refusal = (who: AppPrincipal) => refusalOf(parts.gate, who, secure, names.value)
  const refused = refusal(principal.value)
  if (refused) return { ok: false, failure: refused }
  const full = parts.streams.refusal(principal.value.appId)
  if (full) return fail(full)
  const opening = openAll(parts, principal.value.appId, names.value)
  const opened = opening instanceof Promise ? await opening : opening
  if (!opened.ok) return opened
  // Permissions may have changed while the channels were being opened.
  const refusedSince = opening instanceof Promise ? refusal(principal.value) : undefined
  if (refusedSince) return { ok: false, failure: refusedSince }
  const streamed = streamedOf(parts.attachments, names.value, opened.value, { query, style })
  if (!streamed.ok) return streamed
  visit.keepOpen()
  const stream = parts.streams.open({
    address: visit.address,
    base: visit.base,
    secure,
    origin: call.origin,
    style,
    hasHeartbeats: query.get('heartbeats') === 'true',
    credentials: credentials.value,
    principal: principal.value,
    channels: streamed.value,
    // An EventSource reconnects with the same URL, so the header is newer than the parameter.
    cursor: request.headers.get('last-event-id') ?? query.get('lastEvent') ?? undefined,
    refusal,
  })
  return ok({ status: 200, value: undefined, stream, headers: headersOf(style) })
}

/** Proxies must neither cache nor buffer the stream. */
function headersOf(style: Style): Record<string, string> {
  return {
    'content-type': CONTENT_TYPES[style],
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  }
}

function readNames(query: URLSearchParams): Result<Named[]> {
  const texts = channelNames(query)
  if (texts.length === 0) return fail('parameter_invalid', 'the parameter channels is missing')
  if (texts.length > MAX_CHANNELS) return fail('too_many_batch_channels')
  const names: Named[] = []
  for (const text of texts) {
    const qualified = parseChannelName(text)
    if (!qualified.ok) return qualified
    const filter = filterOfKind(qualified.value)
    if (!filter.ok) return filter
    names.push({ text, qualified: qualified.value, filter: filter.value })
  }
  return ok(names)
}

/** One refusal refuses all: a stream cannot say that some of its channels are missing. */
function refusalOf(
  gate: Gate,
  principal: AppPrincipal,
  secure: boolean,
  names: readonly Named[],
): Failure | undefined {
  for (const { qualified } of names) {
    const channel = channelRef(principal.appId, fullName(qualified))
    const place = { channel, resource: qualified.resource, secure }
    const refusal = gate.listen(principal, place)
    if (refusal) return refusal
  }
  return undefined
}

/** Meta channels are apart from channels of the same name. */
function fullName({ name, qualifier, resource }: QualifiedName): string {
  return qualifier === 'meta' ? resource : name
}

/** @returns the channels that are named, in that order */
function openAll(
  { attachments, registry, subscriptionLimit }: StreamRouteParts,
  appId: string,
  names: readonly Named[],
): Soon<Result<readonly Channel[]>> {
  const opened: Soon<Result<Channel>>[] = []
  let isLater = false
  for (const { filter, qualified, text } of names) {
    const ref = channelRef(appId, fullName(qualified))
    const way = { name: text, filter }
    const refusal =
      text === qualified.name ? undefined : subscriptionLimit.refusal(attachments.groups(ref), way)
    if (refusal) return { ok: false, failure: refusal }
    const channel = registry.open(ref)
    if (channel instanceof Promise) isLater = true
    else if (!channel.ok) return channel
    opened.push(channel)
  }
  // Without a promise among them, all are results.
  return isLater ? Promise.all(opened).then(allOf) : allOf(opened as Result<Channel>[])
}

function allOf(opened: readonly Result<Channel>[]): Result<readonly Channel[]> {
  const channels: Channel[] = []
  for (const channel of opened) {
    if (!channel.ok) return channel
    channels.push(channel.value)
  }
  // If not all fit, opening the last has closed the first.
  return channels.some(({ isGone }) => isGone) ? fail('too_many_channels') : ok(channels)
}

function streamedOf(
  attachments: Attachments,
  names: readonly Named[],
  channels: readonly Channel[],
  { query, style }: { readonly query: RestCall['query']; readonly style: Style },
): Result<StreamedChannel[]> {
  const isEnveloped = query.get('enveloped') !== 'false'
  const rewind: [string, string][] = query.has('rewind') ? [['rewind', query.get('rewind')!]] : []
  const streamed: StreamedChannel[] = []
  for (const [index, { text, qualified }] of names.entries()) {
    const channel = channels[index]!
    const options = readAttachParams(new Map([...rewind, ...qualified.params]), 0)
    if (!options.ok) return options
    const filter = qualified.filter && Buffer.from(qualified.filter).toString('base64')
    streamed.push({
      channel,
      waitMs: attachments.waitOf(channel),
      variant: variantOf({ style, isEnveloped, name: text, filter }),
      rewind: filter === undefined ? options.value.rewind : undefined,
    })
  }
  return ok(streamed)
}
