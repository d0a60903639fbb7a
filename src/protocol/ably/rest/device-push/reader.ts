/** Reads devices, subscriptions and recipients of push notifications from requests (PCD, PCS, PCP). */
import { type Failure, type Result, fail, failure, ok } from '../../../../failure.ts'
import {
  type DeviceDetails,
  FORM_FACTORS,
  PLATFORMS,
  type PushDevice,
  type PushSubscription,
  type Recipient,
  TRANSPORTS,
} from '../../../../device-push/device.ts'
import { memberText } from '../../../../text/json-scanner.ts'
import type { JsonText } from '../../../../core/types.ts'
import { sayableInBoth } from '../../wire/both-formats.ts'
import { isRecord } from '../../wire/json-value.ts'
import { Structure } from '../../wire/structure.ts'

const MAX_ID_LENGTH = 256
/** Of the metadata and of the recipient, as they were written; the longest of all recipients are those of browsers. */
const MAX_PART_BYTES = 4096

export type NamedDevice = DeviceDetails & { readonly id: string }

/** An object as it was written, and what it says. */
interface Written {
  readonly members: Readonly<Record<string, unknown>>
  readonly text: JsonText
}

/**
 * A body of which parts are kept, or go on, as they were written.
 * @param body as `WHOLE` reads it
 * @param what it is to be
 * @returns `bad_request` for what is no object, or holds what JSON cannot say
 */
export function readWritten(body: unknown, what: string): Result<Written> {
  if (!(body instanceof Structure)) return fail('bad_request', `the body is not a ${what}`)
  if (body.fault) return fail('bad_request', `the ${what}: ${body.fault.message}`)
  const { value: members, text } = body
  return isRecord(members)
    ? ok({ members, text })
    : fail('bad_request', `the body is not a ${what}`)
}

/**
 * A whole registration.
 * @param id of the device, where the path names it
 * @returns `bad_request` for a member that is missing or wrong
 */
export function readDevice(body: unknown, id?: string): Result<NamedDevice> {
  const written = readWritten(body, 'device')
  if (!written.ok) return written
  const { members, text } = written.value
  return readDetails(members, partsIn(members, text), id)
}

/** Applies a change of some members to a registration. */
export function readDeviceChange(body: unknown, known: PushDevice): Result<NamedDevice> {
  const written = readWritten(body, 'device')
  if (!written.ok) return written
  const { members, text } = written.value
  const { id, clientId, platform, formFactor } = known
  const { metadata = known.metadata, recipient = known.recipient.text } = partsIn(members, text)
  const whole = { id, clientId, platform, formFactor, ...members }
  return readDetails(whole, { metadata, recipient }, id)
}

/** A part of a device that is stored as it was written; undefined if absent. */
interface Parts {
  readonly metadata: JsonText | undefined
  readonly recipient: JsonText | undefined
}

function partsIn({ push: given }: Written['members'], text: JsonText): Parts {
  const push = isRecord(given) ? memberText(text, 'push')! : '{}'
  return { metadata: memberText(text, 'metadata'), recipient: memberText(push, 'recipient') }
}

function readDetails(
  members: Written['members'],
  parts: Parts,
  id: string | undefined,
): Result<NamedDevice> {
  const named = members['id'] ?? id
  if (id !== undefined && named !== id)
    return fail('bad_request', 'the id of the device is not that in the path')
  if (!isId(named)) return fault('id')
  const { platform, formFactor } = members
  if (!isOneOf(PLATFORMS, platform)) return fault('platform', PLATFORMS)
  if (!isOneOf(FORM_FACTORS, formFactor)) return fault('formFactor', FORM_FACTORS)
  const clientId = members['clientId'] ?? undefined
  if (clientId !== undefined && !isId(clientId)) return fault('clientId')
  const secret = members['deviceSecret'] ?? undefined
  if (secret !== undefined && !isId(secret)) return fault('deviceSecret')
  const metadata = readPart(parts.metadata === 'null' ? undefined : parts.metadata, 'metadata')
  if (!metadata.ok) return metadata
  const recipient = readRecipient(parts.recipient)
  if (!recipient.ok) return recipient
  const details = { clientId, platform, formFactor, metadata: metadata.value, secret }
  return ok({ id: named, ...details, recipient: recipient.value })
}

/** @param text of JSON that has been parsed before */
export function readRecipient(text: JsonText | undefined): Result<Recipient> {
  if (text?.startsWith('{') !== true) return fault('recipient')
  const members = JSON.parse(text) as Written['members']
  const { transportType } = members
  if (!isOneOf(TRANSPORTS, transportType)) return fault('transportType', TRANSPORTS)
  if (transportType === 'ablyChannel') {
    const missing = ['channel', 'ablyKey'].find((name) => !isText(members[name]))
    if (missing !== undefined) return fault(`recipient, its ${missing},`)
  }
  const part = readPart(text, 'recipient')
  return part.ok ? ok({ transportType, text: part.value }) : part
}

/** The text must be valid in both formats, because devices may be read in another than they were registered in. */
function readPart(text: JsonText = '{}', what: string): Result<JsonText> {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_PART_BYTES)
    return fail('bad_request', `the ${what} has ${bytes} bytes, more than ${MAX_PART_BYTES}`)
  const sayable = sayableInBoth(text, `the ${what}`)
  return sayable.ok ? sayable : fail('bad_request', sayable.failure.message)
}

export function readSubscription(value: unknown): Result<PushSubscription> {
  if (!isRecord(value)) return fail('bad_request', 'the body is not a subscription')
  const { channel } = value
  if (!isText(channel)) return fault('channel')
  const deviceId = value['deviceId'] ?? undefined
  const clientId = value['clientId'] ?? undefined
  if ((deviceId === undefined) === (clientId === undefined))
    return fail('bad_request', 'a subscription has either a deviceId or a clientId')
  const kind = deviceId === undefined ? 'client' : 'device'
  const subscriber = deviceId ?? clientId
  return isId(subscriber) ? ok({ channel, kind, subscriber }) : fault(`${kind}Id`)
}

function fault<T>(member: string, choice?: readonly string[]): Result<T> {
  return { ok: false, failure: faultOf(member, choice) }
}

function faultOf(member: string, choice?: readonly string[]): Failure {
  const known = choice ? `; it is one of ${choice.join(', ')}` : ''
  return failure('bad_request', `the ${member} is missing or not valid${known}`)
}

function isOneOf<T extends string>(choice: readonly T[], value: unknown): value is T {
  return choice.some((known) => known === value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}

function isId(value: unknown): value is string {
  return isText(value) && value.length <= MAX_ID_LENGTH
}
