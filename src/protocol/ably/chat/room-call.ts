/** The start of every request about a room of Ably Chat, which is a channel of another name. */
import { type Result, fail } from '../../../failure.ts'
import type { Operation } from '../../../policy/capability/operations.ts'
import { roomChannel } from '../../../policy/chat-room.ts'
import { identify } from '../http/authorize.ts'
import {
  type ChannelParts,
  type ChannelCaller,
  callerOf,
  enterChannel,
} from '../http/channel/channel-caller.ts'
import { ENTRIES } from '../http/body.ts'
import type { RestCall } from '../http/router.ts'
import { isRecord } from '../wire/json-value.ts'

/** @param operation left out where what they may do depends on more */
export async function identifyInRoom(
  parts: ChannelParts,
  call: RestCall,
  operation?: Operation,
): Promise<Result<ChannelCaller>> {
  const channel = roomChannel(call.params['room']!, call.params['version']!)
  if (channel === undefined) return fail('not_found')
  const principal = await identify(parts.authenticator, call)
  if (!principal.ok) return principal
  return enterChannel(parts, callerOf(principal.value, call, channel, operation), operation)
}

/** Reads the body of a request, which must be an object. */
export async function readObject(
  call: RestCall,
): Promise<Result<Readonly<Record<string, unknown>>>> {
  const body = await call.body(ENTRIES)
  if (!body.ok) return body
  const { value } = body.value
  return isRecord(value) ? { ok: true, value } : fail('bad_request', 'the body is no object')
}
