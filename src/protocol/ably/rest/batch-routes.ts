/** Publishing on many channels with one request (RSC22). */
import { type Result, fail, ok } from '../../../failure.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import { isRecord } from '../wire/json-value.ts'
import { type ReadMessages, readMessages } from '../wire/message-reader.ts'
import type { RestAnswer } from './answer.ts'
import { identify } from './authorize.ts'
import { type Batch, type FailedPart, batchAnswer, failedPart } from './batch.ts'
import { type ChannelParts, visitChannel } from './channel-call.ts'
import { type Published, publish } from './publish.ts'
import type { RestCall, RestRoute } from './routes.ts'

/** Of a whole request, as Ably has it. */
export const MAX_BATCH_BYTES = 2_097_152
const MAX_SPECS = 100
const MAX_CHANNELS = 100

/** The same messages for each of some channels (BSP2). */
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
  const body = await call.body()
  if (!body.ok) return body
  // The body may have taken its time.
  const principal = await identify(parts.authenticator, call)
  if (!principal.ok) return principal
  const { value } = body.value
  const isList = Array.isArray(value)
  const specs = readSpecs(isList ? value : [value], parts)
  if (!specs.ok) return specs
  // All of them are placed, in their order, before anybody waits for the disk.
  const publishing = specs.value.map(({ channels, messages }) =>
    channels.map((channel) => publishOn(parts, principal.value, call, channel, messages)),
  )
  const batches: Batch[] = []
  for (const spec of publishing) batches.push({ results: await Promise.all(spec) })
  return ok(batchAnswer(batches, isList, call, 201))
}

async function publishOn(
  parts: ChannelParts,
  principal: AppPrincipal,
  call: RestCall,
  channel: string,
  messages: ReadMessages,
): Promise<Published | FailedPart> {
  const visitor = visitChannel(parts, principal, call, channel, 'publish')
  if (!visitor.ok) return failedPart(channel, visitor.failure, call)
  const published = await publish(parts, visitor.value, messages)
  return published.ok ? published.value : failedPart(channel, published.failure, call)
}

/** What cannot be understood fails the whole request: there would be no channel to say it of. */
function readSpecs(values: readonly unknown[], { limits }: ChannelParts): Result<Spec[]> {
  if (values.length === 0) return fail('bad_request', 'the list is empty')
  if (values.length > MAX_SPECS)
    return fail('bad_request', `a request has ${MAX_SPECS} batches at most`)
  const specs: Spec[] = []
  for (const value of values) {
    if (!isRecord(value)) return fail('bad_request', 'a batch is an object')
    const channels = readChannels(value['channels'])
    if (!channels.ok) return channels
    const messages = readMessages(value['messages'], limits)
    if (!messages.ok) return messages
    specs.push({ channels: channels.value, messages: messages.value })
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
