/** Subscriptions of devices and clients to the push notifications of channels (RSH1c, RSH7). */
import { channelRef } from '../../../../core/types.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import type { PushSubscription, SubscriptionFilter } from '../../../../device-push/device.ts'
import { parseChannelName } from '../../wire/channel-name.ts'
import type { RestAnswer } from '../../http/answer.ts'
import { type Answering, bodyThenIdentify } from '../../http/body-then-identify.ts'
import { listAnswer } from '../../http/lists.ts'
import { type PushCaller, identifyCaller } from './caller.ts'
import { type DevicePushParts, readFilter, readPart } from './parts.ts'
import { readSubscription } from './reader.ts'
import type { RestCall, RestRoute } from '../../http/router.ts'

const LIST = '/push/channelSubscriptions'
/** Where ably-ruby looks for the pages after the first. */
const NEXT_PAGES = '/channelSubscriptions'
/** The last part of the path of the pages after the first: ably-ruby looks for them beside `/channels`. */
const CHANNELS = 'pushChannels'

export function pushSubscriptionRoutes(parts: DevicePushParts): RestRoute[] {
  return [
    { method: 'POST', path: LIST, writes: true, handle: (call) => subscribe(parts, call) },
    { method: 'GET', path: LIST, handle: (call) => list(parts, call) },
    { method: 'GET', path: NEXT_PAGES, handle: (call) => list(parts, call) },
    { method: 'DELETE', path: LIST, writes: true, handle: (call) => unsubscribe(parts, call) },
    ...['/push/channels', `/push/${CHANNELS}`, `/${CHANNELS}`].map((path): RestRoute => {
      return { method: 'GET', path, handle: (call) => channels(parts, call) }
    }),
  ]
}

function subscribe(parts: DevicePushParts, call: RestCall): Answering {
  return bodyThenIdentify(
    () => identifyCaller(parts, call),
    () => call.body(),
    (caller, body) => call.commit(() => subscribeAs(parts, caller, body.value)),
  )
}

function subscribeAs(
  parts: DevicePushParts,
  caller: PushCaller,
  value: unknown,
): Result<RestAnswer> {
  const read = readSubscription(value)
  if (!read.ok) return read
  const { appId } = caller
  const channel = pushChannel(parts, appId, read.value.channel)
  if (!channel.ok) return channel
  const subscription = { ...read.value, channel: channel.value }
  const allowed = caller.forSubscriptions(filterOf(subscription))
  if (!allowed.ok) return allowed
  if (subscription.kind === 'device' && !parts.devices.find(appId, subscription.subscriber))
    return fail('bad_request', 'the device that is to be subscribed is not registered')
  const saved = parts.subscriptions.save(appId, subscription)
  return saved.ok ? ok({ status: 201, value: filterOf(saved.value) }) : saved
}

/** Parses the name of a channel, whose rule must permit push notifications. */
function pushChannel({ acts }: DevicePushParts, appId: string, text: string): Result<string> {
  const parsed = parseChannelName(text)
  if (!parsed.ok) return parsed
  const { name, qualifier } = parsed.value
  if (qualifier !== 'none')
    return fail('bad_channel', 'channels with a qualifier have no push notifications')
  const refusal = acts.gate.push.channel(channelRef(appId, name))
  return refusal ? { ok: false, failure: refusal } : ok(name)
}

/** A subscription as in requests and answers. */
function filterOf({ channel, kind, subscriber }: PushSubscription) {
  return kind === 'device' ? { channel, deviceId: subscriber } : { channel, clientId: subscriber }
}

async function list(parts: DevicePushParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyCaller(parts, call)
  if (!caller.ok) return caller
  const filter = readFilter(call.query)
  const allowed = caller.value.forSubscriptions(filter)
  if (!allowed.ok) return allowed
  const part = readPart(call.query)
  if (!part.ok) return part
  const found = parts.subscriptions.list(caller.value.appId, filter, part.value)
  return ok(listAnswer('channelSubscriptions', call, found, filterOf))
}

async function unsubscribe(parts: DevicePushParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyCaller(parts, call)
  if (!caller.ok) return caller
  const { channel, deviceId, clientId } = readFilter(call.query)
  const filter = { channel, deviceId, clientId }
  const allowed = mayRemove(caller.value, filter)
  if (!allowed.ok) return allowed
  const { appId } = caller.value
  return call.commit(() => {
    parts.subscriptions.remove(appId, filter)
    return ok({ status: 204, value: undefined })
  })
}

function mayRemove(caller: PushCaller, filter: SubscriptionFilter): Result<unknown> {
  const allowed = caller.forSubscriptions(filter)
  if (!allowed.ok) return allowed
  const { channel, deviceId, clientId } = filter
  if (deviceId !== undefined && clientId !== undefined)
    return fail('bad_request', 'subscriptions are removed by deviceId or clientId, not by both')
  if ([channel, deviceId, clientId].every((value) => value === undefined))
    return fail('bad_request', 'subscriptions are removed by channel, deviceId or clientId')
  return ok(undefined)
}

async function channels(parts: DevicePushParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyCaller(parts, call)
  if (!caller.ok) return caller
  const allowed = caller.value.admin()
  if (!allowed.ok) return allowed
  const part = readPart(call.query)
  if (!part.ok) return part
  const found = parts.subscriptions.channels(caller.value.appId, part.value)
  return ok(listAnswer(CHANNELS, call, found, (name) => name))
}
