/** Reads messages that clients publish, over REST or a socket, in either format. */
import type { JsonText, MessageDraft, MessageEdit } from '../../../core/types.ts'
import { type Failure, type Result, fail, failure, ok } from '../../../failure.ts'
import { messageSize } from '../../../core/channel/message-size.ts'
import { messageAction } from './actions.ts'
import { readMessageExtras } from './extras.ts'
import { textForBoth } from './both-formats.ts'
import { isRecord } from './json-value.ts'
import { Structure } from './structure.ts'
import {
  type MessageLimits,
  readClientId,
  readCommon,
  readEntries,
  readName,
  sizeOf,
} from './members.ts'

export interface ReadMessages {
  /** New messages; empty if there are edits. */
  readonly drafts: readonly MessageDraft[]
  /** Changes of existing messages. */
  readonly edits: readonly MessageEdit[]
  /** The common base of the ids, by which repetitions are recognised: `base:0`, `base:1` and so on, or a single id. */
  readonly batchId: string | undefined
  /** For each entry, on behalf of which connection it is published (RSL1j); empty where none says so. */
  readonly connectionKeys: readonly (string | undefined)[]
  /** For each entry, the connection id that the sender says is its own; empty where none has one. */
  readonly connectionIds: readonly (string | undefined)[]
  /** Whether the messages are ephemeral: neither stored nor delivered to clients that resume. */
  readonly ephemeral: boolean
  /** Whether some headers require the capability `privileged-headers`. */
  readonly privileged: boolean
  /** The size of all messages, as limits measure it. */
  readonly bytes: number
}

interface Entry {
  readonly draft: MessageDraft
  readonly edit: MessageEdit | undefined
  readonly connectionKey: string | undefined
  readonly connectionId: string | undefined
  readonly isEphemeral: boolean
  readonly isPrivileged: boolean
}

/**
 * Reads the messages of one publish: a single one or a list, accepted or refused together.
 * @param value as decoded from JSON or MessagePack
 */
export function readMessages(value: unknown, limits: MessageLimits): Result<ReadMessages> {
  const values = readEntries(value, limits)
  if (!values.ok) return values
  const [only] = values.value
  if (only && values.value.length === 1) return readSingle(only)
  const entries: Entry[] = []
  for (const message of values.value) {
    const read = readEntry(message, undefined)
    if (!read.ok) return read
    entries.push(read.value)
  }
  const edits = entries.flatMap(({ edit }) => edit ?? [])
  const fault = unityFault(entries, edits)
  if (fault) return { ok: false, failure: fault }
  const drafts = entries.map(({ draft }) => draft)
  const batchId = batchIdOf(drafts)
  if (!batchId.ok) return batchId
  return ok({
    drafts: edits.length > 0 ? [] : drafts,
    edits,
    batchId: batchId.value,
    connectionKeys: entries.map(({ connectionKey }) => connectionKey),
    connectionIds: entries.map(({ connectionId }) => connectionId),
    ephemeral: entries[0]!.isEphemeral,
    privileged: entries.some(({ isPrivileged }) => isPrivileged),
    bytes: sizeOf(drafts),
  })
}

/** As nearly all are: lists are made for none of what it does not have. */
function readSingle(message: Readonly<Record<string, unknown>>): Result<ReadMessages> {
  const read = readEntry(message, undefined)
  if (!read.ok) return read
  const { connectionId, connectionKey, draft, edit, isEphemeral, isPrivileged } = read.value
  return ok({
    drafts: edit ? NONE : [draft],
    edits: edit ? [edit] : NONE,
    batchId: draft.id,
    connectionKeys: connectionKey === undefined ? NONE : [connectionKey],
    connectionIds: connectionId === undefined ? NONE : [connectionId],
    ephemeral: isEphemeral,
    privileged: isPrivileged,
    bytes: messageSize(draft),
  })
}

const NONE: readonly never[] = Object.freeze([])

/**
 * Reads an update, a delete or an append of one message (RSL15, RTL32).
 * @param serial of the message, where the request's path names it
 */
export function readEdit(value: unknown, serial?: string): Result<MessageEdit> {
  if (!isRecord(value)) return fail('bad_request', 'this is no message')
  const entry = readEntry(value, serial)
  if (!entry.ok) return entry
  const { edit } = entry.value
  if (!edit) return fail('parameter_invalid', 'the action is none that changes a message')
  return ok(edit)
}

function readEntry(
  value: Readonly<Record<string, unknown>>,
  serial: string | undefined,
): Result<Entry> {
  const { name = null } = value
  if (name !== null && typeof name !== 'string') return fail('message_name_invalid')
  if (name?.isWellFormed() === false)
    return fail('message_name_invalid', 'the name of the message holds half of a surrogate pair')
  const common = readCommon(value, readMessageExtras)
  if (!common.ok) return common
  const { id, clientId, data, encoding, extras } = common.value
  const connectionKey = readName(
    value['connectionKey'],
    'connection_id_invalid',
    'the connection key is not valid',
  )
  if (!connectionKey.ok) return connectionKey
  const connectionId = readName(value['connectionId'], 'connection_id_invalid')
  if (!connectionId.ok) return connectionId
  const draft: MessageDraft = {
    id,
    name: name ?? undefined,
    data,
    encoding,
    clientId,
    extras: extras.text,
  }
  const edit = readChange(value, draft, serial)
  if (!edit.ok) return edit
  return ok({
    draft,
    edit: edit.value,
    connectionKey: connectionKey.value,
    connectionId: connectionId.value,
    isEphemeral: extras.isEphemeral,
    isPrivileged: extras.isPrivileged,
  })
}

const NO_CHANGE: Result<undefined> = ok(undefined)

/** @returns undefined for a new message */
function readChange(
  value: Readonly<Record<string, unknown>>,
  draft: MessageDraft,
  known: string | undefined,
): Result<MessageEdit | undefined> {
  const action = messageAction(value['action'])
  if (action === 'create') return NO_CHANGE
  if (action !== 'update' && action !== 'delete' && action !== 'append')
    return fail('bad_request', 'a message cannot be published with this action')
  const own = readName(value['serial'], 'parameter_invalid', 'the serial is not valid')
  if (!own.ok) return own
  const serial = known ?? own.value
  if (serial === undefined || (own.value ?? serial) !== serial)
    return fail('parameter_invalid', 'the serial of the message to change is missing or ambiguous')
  const version = readVersion(value['version'])
  return version.ok ? ok({ serial, action, draft, version: version.value }) : version
}

const MAX_DESCRIPTION_LENGTH = 4096
const MAX_METADATA_LENGTH = 16_384

function readVersion(value: unknown): Result<MessageEdit['version']> {
  if (value === undefined || value === null) return ok({})
  if (!isRecord(value)) return fail('bad_request', 'the version is no object')
  const clientId = readClientId(value['clientId'])
  if (!clientId.ok) return clientId
  const { description = null, metadata = null } = value
  if (
    description !== null &&
    (typeof description !== 'string' ||
      !description.isWellFormed() ||
      description.length > MAX_DESCRIPTION_LENGTH)
  )
    return fail('bad_request', 'the description of the version is no text, or too long')
  const text = readMetadata(metadata)
  if (!text.ok) return text
  return ok({
    clientId: clientId.value,
    description: description ?? undefined,
    metadata: text.value,
  })
}

function readMetadata(value: unknown): Result<JsonText | undefined> {
  if (value === null) return ok(undefined)
  if (!(value instanceof Structure) || (value.text.length > MAX_METADATA_LENGTH && value.isObject))
    return fail('bad_request', 'the metadata of the version are no object, or too large')
  const text = textForBoth(value, 'the metadata of the version')
  return text.ok ? text : fail('bad_request', text.failure.message)
}

/** Why the entries cannot be one publish, if so. */
function unityFault(entries: readonly Entry[], edits: readonly MessageEdit[]): Failure | undefined {
  if (edits.length > 0 && edits.length < entries.length)
    return failure('bad_request', 'changes and new messages cannot be published together')
  const isMixed = entries.some(({ isEphemeral }) => isEphemeral !== entries[0]!.isEphemeral)
  return isMixed
    ? failure('extras_invalid', 'either all messages of a publish are ephemeral or none is')
    : undefined
}

/** Several messages have no ids, or consecutive ids of one base (RSL1k). */
function batchIdOf(drafts: readonly MessageDraft[]): Result<string | undefined> {
  const first = drafts[0]!.id
  const base = first?.endsWith(':0') ? first.slice(0, -':0'.length) : undefined
  for (const [index, { id }] of drafts.entries()) {
    const wanted = base === undefined ? undefined : `${base}:${index}`
    if (id !== wanted || base === '')
      return fail('message_id_invalid', 'the ids of several messages are one base and :0, :1, :2 …')
  }
  return ok(base)
}
