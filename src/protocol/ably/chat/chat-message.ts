/** Messages of rooms: as clients of Ably Chat write them, and as they read them. */
import type { JsonText, KeptMessage, MessageEdit } from '../../../core/types.ts'
import { type Result, fail } from '../../../failure.ts'
import { isRecord } from '../wire/json-value.ts'
import type { MessageLimits } from '../wire/members.ts'
import { type ReadMessages, readEdit, readMessages } from '../wire/message-reader.ts'
import { reactionsIn } from './chat-reactions.ts'

/** By which clients know a message of a room from what else is said there. */
const NAME = 'chat.message'

/** Numbers of changes in a message (TM5). */
const ACTION = { update: 1, delete: 2 } as const

type Body = Readonly<Record<string, unknown>>

/**
 * A new message.
 * @param key by which a repetition is known, if the client gave one
 * @returns `bad_request` for one without a text
 */
export function readNewMessage(
  body: Body,
  limits: MessageLimits,
  key: string | undefined,
): Result<ReadMessages> {
  const fault = faultOf(body)
  return fault ?? readMessages({ ...contentOf(body), name: NAME, id: key }, limits)
}

/** Another text for a message: what is left out of it is empty from then on. */
export function readUpdate(body: Body, serial: string): Result<MessageEdit> {
  const message = body['message']
  if (!isRecord(message)) return fail('bad_request', 'an update has a message')
  const fault = faultOf(message)
  const version = versionOf(body)
  const edit = { ...contentOf(message), action: ACTION.update, version }
  return fault ?? readEdit(edit, serial)
}

/** Nothing is left of what was said; that it was is. */
export function readDelete(body: Body, serial: string): Result<MessageEdit> {
  const edit = { data: {}, extras: NO_HEADERS, action: ACTION.delete, version: versionOf(body) }
  return readEdit(edit, serial)
}

const NO_HEADERS = { headers: {} }

function faultOf({ text, metadata }: Body): Result<never> | undefined {
  if (typeof text !== 'string') return fail('bad_request', 'a message has a text')
  const isFine = metadata === undefined || metadata === null || isRecord(metadata)
  return isFine ? undefined : fail('bad_request', 'the metadata of a message are an object')
}

function contentOf({ headers, metadata, text }: Body) {
  const isBare = metadata === undefined || metadata === null
  return {
    data: isBare ? { text } : { text, metadata },
    extras: headers === undefined || headers === null ? NO_HEADERS : { headers },
  }
}

function versionOf({ description, metadata }: Body) {
  return { description, metadata }
}

const ACTIONS: Partial<Record<KeptMessage['action'], string>> = {
  update: 'message.update',
  delete: 'message.delete',
}

/** As the fourth version of the interface has it; `createdAt` is for clients of earlier ones. */
export function chatMessageValue(message: KeptMessage): Readonly<Record<string, unknown>> {
  const { action, clientId, extras, serial, summary, timestamp, version } = message
  const { metadata = {}, text = '' } = dataOf(message)
  const { headers = {}, userClaim } = objectIn(extras)
  return {
    serial,
    version: { ...version, metadata: version.metadata && objectIn(version.metadata) },
    text,
    clientId,
    action: ACTIONS[action] ?? 'message.create',
    metadata,
    headers,
    userClaim,
    timestamp,
    createdAt: timestamp,
    reactions: reactionsIn(summary),
  }
}

/** Whoever publishes on the channel of a room without Ably Chat may have published anything. */
function dataOf({ data, encoding }: KeptMessage): Readonly<Record<string, unknown>> {
  return encoding === 'json' && typeof data === 'string' ? objectIn(data) : {}
}

function objectIn(text: JsonText | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text)
    return isRecord(value) ? value : {}
  } catch {
    // Publishers may call anything JSON.
    return {}
  }
}
