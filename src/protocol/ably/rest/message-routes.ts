/** Single messages: their current state, their versions, and changes (RSL11, RSL14, RSL15). */
import type { KeptMessage } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { countTraffic } from '../connection/traffic.ts'
import { readEdit } from '../wire/message-reader.ts'
import { messageValue } from '../wire/values.ts'
import type { RestAnswer } from '../http/answer.ts'
import { type Answering, bodyThenIdentify } from '../http/body-then-identify.ts'
import { changeMessage } from '../http/channel/edit.ts'
import {
  type ChannelParts,
  bodyLimit,
  headOf,
  identifyOnChannel,
} from '../http/channel/channel-caller.ts'
import { ENTRIES } from '../http/body.ts'
import { listAnswer, readInTurn, readPage } from '../http/lists.ts'
import type { RestCall, RestRoute } from '../http/router.ts'

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
  const caller = await identifyOnChannel(parts, call, 'history')
  if (!caller.ok) return caller
  const { channel } = caller.value
  const message = parts.histories.of(channel).message(channel, call.params['serial']!)
  if (!message) return fail('message_unknown')
  countTraffic(parts.counters.of(channel.realm).outbound.rest.messages, [message])
  return ok({ status: 200, value: messageValue(message, call.format) })
}

async function getVersions(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyOnChannel(parts, call, 'history')
  if (!caller.ok) return caller
  const page = readPage(call.query, 'forwards')
  if (!page.ok) return page
  const { histories, registry } = parts
  const { channel } = caller.value
  const history = histories.of(channel)
  const serial = call.params['serial']!
  if (!history.message(channel, serial)) return fail('message_unknown')
  const slice = await readInTurn(parts.turns, () => history.versions(channel, serial, page.value))
  countTraffic(parts.counters.of(channel.realm).outbound.rest.messages, slice.items)
  const toValue = (message: KeptMessage) => messageValue(message, call.format)
  return ok(
    listAnswer('versions', call, { ...slice, fixed: headOf(registry.channel(channel)) }, toValue),
  )
}

function patchMessage(parts: ChannelParts, call: RestCall): Answering {
  return bodyThenIdentify(
    () => identifyOnChannel(parts, call),
    () => call.body(ENTRIES),
    async (editor, body) => {
      const edit = readEdit(body.value, call.params['serial']!)
      if (!edit.ok) return edit
      const versionSerial = await changeMessage(parts, editor, edit.value)
      return versionSerial.ok
        ? ok({ status: 200, value: { versionSerial: versionSerial.value } })
        : versionSerial
    },
  )
}
