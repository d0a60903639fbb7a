/** Devices, subscriptions and recipients of push notifications, as requests have them (PCD, PCS, PCP). */
import { type Failure, type Result, fail, failure, ok } from '../../../../failure.ts'
import {
  type DeviceDetails,
  FORM_FACTORS,
  PLATFORMS,
  type PushDevice,
  type PushSubscription,
  type Recipient,
  TRANSPORTS,
} from '../../../../push/device.ts'
import { isRecord, jsonText } from '../../wire/json-value.ts'

const MAX_ID_LENGTH = 256
/** Of the metadata and of the recipient, as JSON; the longest of all recipients are those of browsers. */
const MAX_PART_BYTES = 4096

export type NamedDevice = DeviceDetails & { readonly id: string }

/**
 * A whole registration.
 * @param id of the device, where the path names it
 * @returns `bad_request` for a member that is missing or wrong
 */
export function readDevice(value: unknown, id?: string): Result<NamedDevice> {
  if (!isRecord(value)) return fail('bad_request', 'the body is not a device')
  const named = value['id'] ?? id
  if (id !== undefined && named !== id)
    return fail('bad_request', 'the id of the device is not that in the path')
  if (!isId(named)) return fault('id')
  const { platform, formFactor, metadata, push } = value
  if (!isOneOf(PLATFORMS, platform)) return fault('platform', PLATFORMS)
  if (!isOneOf(FORM_FACTORS, formFactor)) return fault('formFactor', FORM_FACTORS)
  const clientId = value['clientId'] ?? undefined
  if (clientId !== undefined && !isId(clientId)) return fault('clientId')
  const secret = value['deviceSecret'] ?? undefined
  if (secret !== undefined && !isId(secret)) return fault('deviceSecret')
  if (!isSmall(metadata ?? {})) return fault('metadata')
  const recipient = readRecipient(isRecord(push) ? push['recipient'] : undefined)
  if (!recipient.ok) return recipient
  const details = { clientId, platform, formFactor, metadata: metadata ?? {}, secret }
  return ok({ id: named, ...details, recipient: recipient.value })
}

/** What a registration becomes by a change that names only some of its members. */
export function readDeviceChange(value: unknown, known: PushDevice): Result<NamedDevice> {
  if (!isRecord(value)) return fail('bad_request', 'the body is not a device')
  const { id, clientId, platform, formFactor, metadata, recipient } = known
  const push = isRecord(value['push']) ? value['push'] : {}
  const whole = { id, clientId, platform, formFactor, metadata, ...value }
  return readDevice({ ...whole, push: { recipient, ...push } }, id)
}

export function readRecipient(value: unknown): Result<Recipient> {
  if (!isRecord(value)) return fault('recipient')
  const { transportType } = value
  if (!isOneOf(TRANSPORTS, transportType)) return fault('transportType', TRANSPORTS)
  if (!isSmall(value)) return fault('recipient')
  if (transportType === 'ablyChannel') {
    const missing = ['channel', 'ablyKey'].find((name) => !isText(value[name]))
    if (missing !== undefined) return fault(`recipient, its ${missing},`)
  }
  return ok({ ...value, transportType })
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

function isSmall(value: unknown): boolean {
  const text = typeof value === 'object' && value !== null ? jsonText(value) : JSON.stringify(value)
  return text !== undefined && Buffer.byteLength(text) <= MAX_PART_BYTES
}
