/** Single messages: how they stand, how they came to that, and changes of them (RSL11, RSL14, RSL15). */
import type { KeptMessage, MessageEdit } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { publishingClientId } from '../../../identity/principal.ts'
import { ruleRefusal } from '../../../policy/channel-rule.ts'
import { changeRefusal, ownershipRefusal } from '../message-rights.ts'
import { readEdit } from '../wire/message-reader.ts'
import { messageValue } from '../wire/values.ts'
import type { RestAnswer } from './answer.ts'
import { type ChannelParts, type Visitor, countTraffic, headOf, visit } from './channel-call.ts'
import { bodyLimit } from './channel-routes.ts'
import { listAnswer, readPage } from './lists.ts'
import { isKept, signedExtras } from './publish.ts'
import type { RestCall, RestRoute } from './routes.ts'

const MESSAGE = '/channels/:channel/messages/:serial'

export function messageRoutes(parts: ChannelParts): RestRoute[] {
  const patch = (call: RestCall) => patchMessage(parts, call)
  const maxBodyBytes = bodyLimit(parts)
  return [
    { method: 'GET', path: MESSAGE, handle: (call) => getMessage(parts, call) },
    { method: 'GET', path: `${MESSAGE}/versions`, handle: (call) => getVersions(parts, call) },
    { method: 'PATCH', path: MESSAGE, maxBodyBytes, handle: patch },
    { method: 'POST', path: MESSAGE, maxBodyBytes, handle: patch },
  ]
}

async function getMessage(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const visitor = await visit(parts, call, 'history')
  if (!visitor.ok) return visitor
  const { channel } = visitor.value
  const message = parts.broker.history(channel).message(channel, call.params['serial']!)
  if (!message) return fail('message_unknown')
  countTraffic(parts.counters.of(channel.realm).outbound.rest.messages, [message])
  return ok({ status: 200, value: messageValue(message, call.format) })
}

async function getVersions(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const visitor = await visit(parts, call, 'history')
  if (!visitor.ok) return visitor
  const page = readPage(call.query, 'forwards')
  if (!page.ok) return page
  const { broker } = parts
  const { channel } = visitor.value
  const history = broker.history(channel)
  const serial = call.params['serial']!
  if (!history.message(channel, serial)) return fail('message_unknown')
  const slice = history.versions(channel, serial, page.value)
  countTraffic(parts.counters.of(channel.realm).outbound.rest.messages, slice.items)
  const toValue = (message: KeptMessage) => messageValue(message, call.format)
  return ok(listAnswer('versions', call, slice, toValue, headOf(broker.channel(channel))))
}

async function patchMessage(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const visitor = await visit(parts, call)
  if (!visitor.ok) return visitor
  const body = await call.body()
  if (!body.ok) return body
  const { limits } = parts
  const edit = readEdit(body.value.value, { serial: call.params['serial']!, limits })
  if (!edit.ok) return edit
  const counts = parts.counters.of(visitor.value.channel.realm)
  const receipt = change(parts, visitor.value, edit.value)
  if (!receipt.ok) {
    counts.inbound.rest.messages.refused++
    return receipt
  }
  countTraffic(counts.inbound.rest.messages, [edit.value.draft])
  const { versionSerial, kept } = receipt.value
  if (kept) {
    if (!(await isKept(kept))) return fail('not_kept')
  }
  return ok({ status: 200, value: { versionSerial } })
}

function change(parts: ChannelParts, visitor: Visitor, edit: MessageEdit) {
  const { principal, channel, secure } = visitor
  const { action, draft, serial, version } = edit
  const clientId = publishingClientId(principal, version.clientId)
  if (!clientId.ok) return clientId
  const isIdentified = clientId.value !== undefined
  const refusal =
    changeRefusal(principal, channel.name, action) ??
    ruleRefusal(parts.broker.rule(channel), { secure, isIdentified }) ??
    parts.rates.refuse(principal, channel.name, 1)
  if (refusal) return { ok: false as const, failure: refusal }
  // Where an edit leaves the extras as they are, they stay those of the author.
  const extras = draft.extras === undefined ? undefined : signedExtras(draft.extras, visitor)
  return parts.publisher.edit(
    channel,
    { action, serial, version, draft: { ...draft, extras } },
    { connectionId: undefined, id: undefined, clientId: clientId.value },
    (original) =>
      ownershipRefusal(principal, channel.name, action, clientId.value, original.clientId),
  )
}
