/** Converts chat messages between their form in Ably Chat and messages of a channel. */
import type { JsonText, KeptMessage, MessageEdit } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { memberText } from '../../../text/json-scanner.ts'
import { textForBoth } from '../wire/both-formats.ts'
import { parse } from '../wire/format.ts'
import { isRecord } from '../wire/json-value.ts'
import type { MessageLimits } from '../wire/members.ts'
import { type ReadMessages, readEdit, readMessages } from '../wire/message-reader.ts'
import { Spliced, splice } from '../wire/spliced.ts'
import { Structure, structureOf } from '../wire/structure.ts'
import { reactionsIn } from './chat-reactions.ts'

/** The name by which clients recognise chat messages in a room. */
const NAME = 'chat.message'

/** Actions of messages (TM5). */
const ACTION = { update: 1, delete: 2 } as const

type Body = Readonly<Record<string, unknown>>

/**
 * Reads a new chat message.
 * @param key by which a repetition is known, if the client gave one
 * @returns `bad_request` for one without a text
 */
export function readNewMessage(
  body: Body,
  limits: MessageLimits,
  key: string | undefined,
): Result<ReadMessages> {
  const content = contentOf(body)
  return content.ok ? readMessages({ ...content.value, name: NAME, id: key }, limits) : content
}

/** Reads an update, which replaces all of the message: members that are left out become empty. */
export function readUpdate(body: Body, serial: string): Result<MessageEdit> {
  const message = body['message']
  if (!isRecord(message)) return fail('bad_request', 'an update has a message')
  const content = contentOf(message)
  if (!content.ok) return content
  return readEdit({ ...content.value, action: ACTION.update, version: versionOf(body) }, serial)
}

/** Reads a delete, which empties the message and keeps its entry. */
export function readDelete(body: Body, serial: string): Result<MessageEdit> {
  const version = versionOf(body)
  const edit = { data: NO_DATA, extras: NO_HEADERS, action: ACTION.delete, version }
  return readEdit(edit, serial)
}

const NO_DATA = Structure.of('{}')
const NO_HEADERS = Structure.of('{"headers":{}}')

interface Content {
  readonly data: Structure
  readonly extras: Structure
}

/** The contents of a chat message; clients read its members in either format. */
function contentOf({ headers, metadata, text }: Body): Result<Content> {
  if (typeof text !== 'string') return fail('bad_request', 'a message has a text')
  if (!text.isWellFormed())
    return fail('bad_request', 'the text of a message holds half of a surrogate pair')
  const known = readObject(metadata, 'the metadata of a message')
  if (!known.ok) return fail('bad_request', known.failure.message)
  const own = readObject(headers, 'headers')
  if (!own.ok) return own
  return ok({
    data: structureOf(splice({ text }, { metadata: known.value })),
    extras: own.value === undefined ? NO_HEADERS : structureOf(`{"headers":${own.value}}`),
  })
}

function readObject(value: unknown, what: string): Result<JsonText | undefined> {
  if (value === undefined || value === null) return ok(undefined)
  return value instanceof Structure
    ? textForBoth(value, what)
    : fail('extras_invalid', `${what} are an object`)
}

function versionOf({ description, metadata }: Body) {
  return { description, metadata }
}

const ACTIONS: Partial<Record<KeptMessage['action'], string>> = {
  update: 'message.update',
  delete: 'message.delete',
}

/** A chat message as in the fourth version of the interface; `createdAt` is for earlier ones. */
export function chatMessageValue(message: KeptMessage): Spliced {
  const { action, clientId, extras = '{}', serial, summary, timestamp, version } = message
  const data = dataOf(message)
  const { text = '' } = objectIn(data)
  const value = {
    serial,
    text,
    clientId,
    action: ACTIONS[action] ?? 'message.create',
    userClaim: objectIn(extras)['userClaim'],
    timestamp,
    createdAt: timestamp,
    reactions: reactionsIn(summary),
  }
  const { metadata, ...ofVersion } = version
  return new Spliced(value, {
    version: splice(ofVersion, { metadata }),
    metadata: memberText(data, 'metadata') ?? '{}',
    headers: memberText(extras, 'headers') ?? '{}',
  })
}

/** The data as an object; clients that do not use Ably Chat may publish anything on the channel of a room. */
function dataOf({ data, encoding }: KeptMessage): JsonText {
  if (encoding !== 'json' || typeof data !== 'string') return '{}'
  const parsed = parse(data)
  // The encoding `json` does not guarantee valid JSON.
  return parsed.ok && isRecord(parsed.value) ? data : '{}'
}

function objectIn(text: JsonText): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}
