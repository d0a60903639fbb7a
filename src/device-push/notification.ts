/** Turns a push payload into the message that devices of the transport `ablyChannel` get. */
import { memberNames, memberText } from '../text/json-scanner.ts'

type Members = Readonly<Record<string, unknown>>

/** The name of that message. */
export const PUSH_MESSAGE_NAME = '__ably_push__'

/** Fields of a notification that SDKs expect, as null where they are not given. */
const NOTHING = ['body', 'collapseKey', 'icon', 'sound', 'title', 'ttl']

/** Parts of a payload: for every transport, or for one. */
const PARTS = ['notification', 'data', 'apns', 'fcm', 'web'] as const

/** What is wrong with a payload, or undefined. */
export function payloadFault(payload: Members): string | undefined {
  const given = PARTS.filter((part) => (payload[part] ?? null) !== null)
  const wrong = given.find((part) => !isMembers(payload[part]))
  if (wrong !== undefined) return `${wrong} of the payload is an object`
  return given.length === 0
    ? `Unexpected field: the payload has at least one of ${PARTS.join(', ')}`
    : undefined
}

/**
 * The data of the message for a valid payload.
 * @param payload JSON text, whose parts are passed on exactly
 */
export function notificationText(payload: string): string {
  const members: string[] = []
  const data = memberText(payload, 'data')
  if (isObject(data)) members.push(`"data":${data}`)
  const notification = memberText(payload, 'notification')
  if (isObject(notification)) members.push(`"notification":${withNothing(notification)}`)
  return `{${members.join(',')}}`
}

function withNothing(notification: string): string {
  const given = new Set(memberNames(notification))
  const members = NOTHING.filter((name) => !given.has(name)).map((name) => `"${name}":null`)
  const own = notification.slice(1, -1).trim()
  if (own !== '') members.push(own)
  return `{${members.join(',')}}`
}

function isObject(text: string | undefined): text is string {
  return text?.startsWith('{') === true
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
