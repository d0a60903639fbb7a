/** Batch publish: many channels with one request (RSC22). */
import type { Soon } from '../../../core/soon.ts'
import { channelRef } from '../../../core/types.ts'
import { type Failure, type Result, fail, failure, ok } from '../../../failure.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import { isRecord } from '../wire/json-value.ts'
import { type ReadMessages, readMessages } from '../wire/message-reader.ts'
import type { RestAnswer } from '../http/answer.ts'
import { identify } from '../http/authorize.ts'
import { type Batch, type FailedPart, batchAnswer, failedPart } from './batch.ts'
import { type ChannelParts, callerOf, enterChannel } from '../http/channel/channel-caller.ts'
import { type Published, publish } from '../http/channel/publish.ts'
import { ENTRIES } from '../http/body.ts'
import type { RestCall, RestRoute } from '../http/router.ts'

/** The body limit of Ably for batches. */
export const MAX_BATCH_BYTES = 2_097_152
const MAX_SPECS = 100
const MAX_CHANNELS = 100
/** Messages of a request, counted once for each channel: as many as one full batch has. */
const MAX_PUBLICATIONS = 100_000

/** A batch: the same messages for each of its channels (BSP2). */
interface Spec {
  readonly channels: readonly string[]
  readonly messages: ReadMessages
}

export function batchRoutes(parts: ChannelParts): RestRoute[] {
  return [
    {
      method: 'POST',
      path: '/messages',
      maxBodyBytes: MAX_BATCH_BYTES,
      handle: (call) => postBatch(parts, call),
    },
  ]
}

async function postBatch(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const asker = await identify(parts.authenticator, call)
  if (!asker.ok) return asker
  const body = await call.body(ENTRIES)
  if (!body.ok) return body
  const { value } = body.value
  const isList = Array.isArray(value)
  const specs = readSpecs(isList ? value : [value], parts)
  if (!specs.ok) return specs
  const refusal = charge(call, specs.value)
  if (refusal) return { ok: false, failure: refusal }
  const batches = await publishAll(parts, call, specs.value)
  return batches.ok ? ok(batchAnswer(batches.value, isList, call, 201)) : batches
}

/**
 * Charges one message for each channel in advance; the publishes charge the others. Otherwise many batches at once
 * would all start before the first is charged.
 */
function charge({ allowance }: RestCall, specs: readonly Spec[]): Failure | undefined {
  if (!allowance) return undefined
  if (!allowance.take()) return failure('key_rate')
  allowance.spend(specs.reduce((sum, { channels }) => sum + channels.length, 0) - 1)
  return undefined
}

/** The cost of a publish in a turn besides its bytes, in bytes. */
const PUBLISH_COST = 2048
/** The work of one turn, in bytes. */
const SHARE_COST = 65_536

/**
 * Proposes all publishes in order before waiting for the disk, a bounded number in each turn. The caller is
 * authenticated again in each turn, because a key can be revoked meanwhile.
 * @returns a failure if the credentials no longer count before the first publish
 */
async function publishAll(
  parts: ChannelParts,
  call: RestCall,
  specs: readonly Spec[],
): Promise<Result<Batch[]>> {
  let left = 0
  let principal: Result<AppPrincipal> | undefined
  const published: (readonly SoonPart[])[] = []
  for (const { channels, messages } of specs) {
    const cost = PUBLISH_COST + messages.bytes
    const publishing: SoonPart[] = []
    const batch = { call, messages }
    for (const channel of channels) {
      if (left <= 0 || !principal) {
        await parts.turns.once(NOTHING, () => SHARE_COST)
        left = SHARE_COST
        const isFirst = !principal
        principal = await identify(parts.authenticator, call)
        if (isFirst && !principal.ok) return principal
      }
      left -= cost
      const part = principal.ok
        ? publishOn(parts, principal.value, channel, batch)
        : failedPart(channel, principal.failure, call)
      publishing.push(part)
      // While a channel is being opened no other can take its place: an app that is full does with few at a time.
      if (part instanceof Promise && principal.ok && !isOpen(parts, principal.value, channel))
        await part
    }
    published.push(publishing)
  }
  const batches: Batch[] = []
  for (const results of published) batches.push({ results: await Promise.all(results) })
  return ok(batches)
}

const NOTHING = () => undefined

function isOpen({ registry }: ChannelParts, { appId }: AppPrincipal, channel: string): boolean {
  return registry.channel(channelRef(appId, channel)) !== undefined
}

type Part = Published | FailedPart
type SoonPart = Soon<Part>

function publishOn(
  parts: ChannelParts,
  principal: AppPrincipal,
  channel: string,
  { call, messages }: { readonly call: RestCall; readonly messages: ReadMessages },
): SoonPart {
  const named = callerOf(principal, call, channel, 'publish')
  const caller = enterChannel(parts, named, 'publish')
  if (!caller.ok) return failedPart(channel, caller.failure, call)
  const asPart = (published: Result<Published>): Part =>
    published.ok ? published.value : failedPart(channel, published.failure, call)
  const published = publish(parts, caller.value, messages, call)
  return published instanceof Promise ? published.then(asPart) : asPart(published)
}

/** A malformed batch fails the whole request, because it may have no channel to report the error for. */
function readSpecs(values: readonly unknown[], { limits }: ChannelParts): Result<Spec[]> {
  if (values.length === 0) return fail('bad_request', 'the list is empty')
  if (values.length > MAX_SPECS)
    return fail('bad_request', `a request has ${MAX_SPECS} batches at most`)
  const specs: Spec[] = []
  let publications = 0
  for (const value of values) {
    if (!isRecord(value)) return fail('bad_request', 'a batch is an object')
    const channels = readChannels(value['channels'])
    if (!channels.ok) return channels
    const messages = readMessages(value['messages'], limits)
    if (!messages.ok) return messages
    specs.push({ channels: channels.value, messages: messages.value })
    publications += channels.value.length * messages.value.drafts.length
    if (publications > MAX_PUBLICATIONS)
      return fail('too_many_messages', `a request comes to ${MAX_PUBLICATIONS} messages at most`)
  }
  return ok(specs)
}

function readChannels(value: unknown): Result<readonly string[]> {
  const channels: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (channels.length === 0) return fail('bad_request', 'a batch names no channels')
  if (channels.length > MAX_CHANNELS) return fail('too_many_batch_channels')
  return channels.every((channel) => typeof channel === 'string')
    ? ok(channels)
    : fail('bad_request', 'channels are a name or a list of names')
}
