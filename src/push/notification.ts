/** A push notification as a device gets it that is reached over a channel. */

type Members = Readonly<Record<string, unknown>>

/** The name of the message that it comes in. */
export const PUSH_MESSAGE_NAME = '__ably_push__'

/** What SDKs expect to find, given or not. */
const NOTHING = { body: null, collapseKey: null, icon: null, sound: null, title: null, ttl: null }

/** Parts of a payload that any transport understands, or one of them. */
const PARTS = ['notification', 'data', 'apns', 'fcm', 'web'] as const

/** What is wrong with what somebody wants to be sent, if something is. */
export function payloadFault(payload: Members): string | undefined {
  const given = PARTS.filter((part) => (payload[part] ?? null) !== null)
  const wrong = given.find((part) => !isMembers(payload[part]))
  if (wrong !== undefined) return `${wrong} of the payload is an object`
  return given.length === 0
    ? `Unexpected field: the payload has at least one of ${PARTS.join(', ')}`
    : undefined
}

/** The data of the message that brings a payload without faults. */
export function notificationText({ data, notification }: Members): string {
  return JSON.stringify({
    ...(isMembers(data) && { data }),
    ...(isMembers(notification) && { notification: { ...NOTHING, ...notification } }),
  })
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
