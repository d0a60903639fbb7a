/** Members that messages, presence and annotations have in common. Null counts as absent: SDKs send both. */
import { type Failure, type FailureName, type Result, fail, failure, ok } from '../../../failure.ts'
import { messageSize } from '../../../core/channel/message-size.ts'
import { type Payload, readData } from './data.ts'
import { type Extras, readExtras } from './extras.ts'
import { isRecord } from './json-value.ts'

/** Limits of one request or frame. */
export interface MessageLimits {
  /** Of all messages of a request together: names, client ids, data before base64, and extras. */
  readonly maxMessageBytes: number
  readonly maxMessages: number
}

/** A limit for texts that do not count towards the size of a message. */
const MAX_LENGTH = 1024

const ABSENT: Result<undefined> = ok(undefined)

/** Text of 1 to 1024 characters without unpaired surrogates. */
export function readName(
  value: unknown,
  invalid: FailureName,
  message?: string,
): Result<string | undefined> {
  if (value === undefined || value === null) return ABSENT
  const isName =
    typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH && value.isWellFormed()
  return isName ? ok(value) : fail(invalid, message)
}

/** A client id; `*` is not one, because it stands for any client in credentials. */
export function readClientId(value: unknown): Result<string | undefined> {
  return value === '*' ? fail('client_id_invalid') : readName(value, 'client_id_invalid')
}

/** What is known about the sender. */
export interface SenderContext {
  readonly connectionId?: string
  readonly limits?: MessageLimits
}

/** Some SDKs repeat the connection id in every entry; it must be the sender's own. */
export function checkSender(
  { connectionId = null }: Readonly<Record<string, unknown>>,
  { connectionId: own }: SenderContext,
): Failure | undefined {
  const isOwn = connectionId === null || own === undefined || connectionId === own
  return isOwn ? undefined : failure('connection_id_invalid')
}

export interface Common extends Payload {
  readonly id: string | undefined
  readonly clientId: string | undefined
  readonly extras: Extras
}

/** @param extrasOf reads the extras, of which not all kinds of entries may have the same */
export function readCommon(
  entry: Readonly<Record<string, unknown>>,
  extrasOf: (value: unknown) => Result<Extras> = readExtras,
): Result<Common> {
  const id = readName(entry['id'], 'message_id_invalid')
  if (!id.ok) return id
  const clientId = readClientId(entry['clientId'])
  if (!clientId.ok) return clientId
  const payload = readData(entry['data'], entry['encoding'])
  if (!payload.ok) return payload
  const extras = extrasOf(entry['extras'])
  if (!extras.ok) return extras
  const { data, encoding } = payload.value
  return ok({ id: id.value, clientId: clientId.value, data, encoding, extras: extras.value })
}

/** The entries of a request: a single one, or a list that is not empty. */
export function readEntries(
  value: unknown,
  limits: MessageLimits | undefined,
): Result<readonly Readonly<Record<string, unknown>>[]> {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (entries.length === 0) return fail('bad_request', 'the list is empty')
  if (limits && entries.length > limits.maxMessages)
    return fail('too_many_messages', `there may be ${limits.maxMessages} at once`)
  return entries.every(isRecord)
    ? ok(entries)
    : fail('bad_request', 'this is neither an object nor a list of objects')
}

type Sized = Parameters<typeof messageSize>[0]

/** The size of several texts together. */
export function sizeOf(drafts: readonly Sized[]): number {
  let size = 0
  for (const draft of drafts) size += messageSize(draft)
  return size
}
