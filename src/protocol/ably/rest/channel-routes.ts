/** Publishing on one channel, and the history of its messages (RSL1, RSL2). */
import { type Result, fail, ok } from '../../../failure.ts'
import { readMessages } from '../wire/message-reader.ts'
import { messageValue } from '../wire/values.ts'
import type { RestAnswer } from './answer.ts'
import { type ChannelParts, countTraffic, headOf, visit } from './channel-call.ts'
import { listAnswer, readPage } from './lists.ts'
import { publish } from './publish.ts'
import { readRawMessage } from './raw-message.ts'
import type { RestCall, RestRoute } from './routes.ts'

export function channelRoutes(parts: ChannelParts): RestRoute[] {
  const history = (call: RestCall) => getHistory(parts, call)
  return [
    {
      method: 'POST',
      path: '/channels/:channel/messages',
      maxBodyBytes: bodyLimit(parts),
      handle: (call) => postMessages(parts, call),
    },
    { method: 'GET', path: '/channels/:channel/messages', handle: history },
    { method: 'GET', path: '/channels/:channel/history', handle: history },
  ]
}

/** What the largest messages come to in base64, or as text of which every character is escaped once. */
export function bodyLimit({ limits }: ChannelParts): number {
  return limits.maxMessageBytes * 2 + 65_536
}

async function postMessages(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const visitor = await visit(parts, call, 'publish')
  if (!visitor.ok) return visitor
  const { query } = call
  if (query.get('_forceNack') === 'true') return fail('force_nack')
  const body = query.get('enveloped') === 'false' ? await readRawMessage(call) : await call.body()
  if (!body.ok) return body
  const messages = readMessages(body.value.value, parts.limits)
  if (!messages.ok) return messages
  const ephemeral = messages.value.ephemeral || query.get('ephemeral') === 'true'
  const published = await publish(parts, visitor.value, { ...messages.value, ephemeral })
  return published.ok ? ok({ status: 201, value: published.value }) : published
}

async function getHistory(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const visitor = await visit(parts, call, 'history')
  if (!visitor.ok) return visitor
  const page = readPage(call.query)
  if (!page.ok) return page
  const { broker } = parts
  const { channel } = visitor.value
  const slice = broker.history(channel).messages(channel, page.value)
  countTraffic(parts.counters.of(channel.realm).outbound.rest.messages, slice.items)
  const toValue = (message: (typeof slice.items)[number]) => messageValue(message, call.format)
  return ok(listAnswer('messages', call, slice, toValue, headOf(broker.channel(channel))))
}
