/** Publishing on one channel, and the history of its messages (RSL1, RSL2). */
import { type Result, fail, ok } from '../../../failure.ts'
import { countTraffic } from '../connection/traffic.ts'
import { readMessages } from '../wire/message-reader.ts'
import { messageValue } from '../wire/values.ts'
import type { RestAnswer } from '../http/answer.ts'
import { type Answering, bodyThenIdentify } from '../http/body-then-identify.ts'
import {
  type ChannelParts,
  type ChannelCaller,
  bodyLimit,
  headOf,
  identifyAgain,
  identifyOnChannel,
} from '../http/channel/channel-caller.ts'
import { type Body, ENTRIES } from '../http/body.ts'
import { listAnswer, readInTurn, readPage } from '../http/lists.ts'
import { type Published, publish } from '../http/channel/publish.ts'
import { readRawMessage } from './raw-message.ts'
import type { RestCall, RestRoute } from '../http/router.ts'

export function channelRoutes(parts: ChannelParts): RestRoute[] {
  const history = (call: RestCall) => getHistory(parts, call)
  const publishing = (path: string): RestRoute => ({
    method: 'POST',
    path,
    maxBodyBytes: bodyLimit(parts),
    handle: (call) => postMessages(parts, call),
  })
  return [
    publishing('/channels/:channel/messages'),
    // The path that ably-ruby uses.
    publishing('/channels/:channel/publish'),
    { method: 'GET', path: '/channels/:channel/messages', handle: history },
    { method: 'GET', path: '/channels/:channel/history', handle: history },
  ]
}

function postMessages(parts: ChannelParts, call: RestCall): Answering {
  const { query } = call
  return bodyThenIdentify(
    () => identifyOnChannel(parts, call, 'publish'),
    () => (query.get('enveloped') === 'false' ? readRawMessage(call) : call.body(ENTRIES)),
    (caller, body) => publishBody(parts, call, caller, body),
    (before) => identifyAgain(parts, call, before),
  )
}

function publishBody(
  parts: ChannelParts,
  call: RestCall,
  caller: ChannelCaller,
  body: Body,
): Answering {
  const { query } = call
  if (query.get('_forceNack') === 'true') return fail('force_nack')
  const messages = readMessages(body.value, parts.limits)
  if (!messages.ok) return messages
  const isEphemeral = query.get('ephemeral') === 'true'
  const wish = isEphemeral ? { ...messages.value, ephemeral: true } : messages.value
  const published = publish(parts, caller, wish, call)
  return published instanceof Promise ? published.then(created) : created(published)
}

function created(published: Result<Published>): Result<RestAnswer> {
  return published.ok ? ok({ status: 201, value: published.value }) : published
}

async function getHistory(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyOnChannel(parts, call, 'history')
  if (!caller.ok) return caller
  const page = readPage(call.query)
  if (!page.ok) return page
  const { histories, registry } = parts
  const { channel } = caller.value
  const history = histories.of(channel)
  const slice = await readInTurn(parts.turns, () => history.messages(channel, page.value))
  countTraffic(parts.counters.of(channel.realm).outbound.rest.messages, slice.items)
  const toValue = (message: (typeof slice.items)[number]) => messageValue(message, call.format)
  return ok(
    listAnswer('messages', call, { ...slice, fixed: headOf(registry.channel(channel)) }, toValue),
  )
}
