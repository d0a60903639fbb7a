/** The frames that itty-sockets clients read, with exactly the documented keys (E-1 to E-13). */
import { aliasOfGuest } from '../../core/commons/guests.ts'
import type { Event, KeptMessage, Member, Message } from '../../core/types.ts'
import { type RelayedJson, relayedJson, relayedString } from '../../policy/relayed-json.ts'
import type { Failure } from '../../failure.ts'

/** The variant with a numeric `users` in joins and leaves, for clients before 0.9 (V-2). */
export const LEGACY = 'legacy'
export const CURRENT = ''

/** One frame for each message, join or leave. Other events of apps' channels have no frame in this protocol. */
export function encode(event: Event, variant: string): readonly string[] {
  switch (event.kind) {
    case 'message': {
      const { messages, timestamp } = event
      if (messages.length === 1) return [messageFrame(messages[0]!, timestamp)]
      return messages.map((message) => messageFrame(message, timestamp))
    }
    case 'publication':
      return event.messages.filter(({ action }) => action === 'create').map(keptFrame)
    case 'join':
    case 'leave':
      return [membershipFrame(event, variant)]
    default:
      return []
  }
}

function membershipFrame(
  { kind, member, total, timestamp }: Extract<Event, { kind: 'join' | 'leave' }>,
  variant: string,
): string {
  const users = variant === LEGACY ? `"users":${total},` : ''
  const who = member.listed ? identity(member) : ''
  return `{"type":"${kind}",${who}${users}"total":${total},"date":${timestamp}}`
}

/** The value is inserted as the sender wrote it (F-9). No `type`, which would hide that of the payload (E-3). */
function messageFrame({ value, sender: from }: Message, timestamp: number): string {
  const sender = from ? identity(from) : ''
  return `{"message":${value},${sender}"date":${timestamp}}`
}

/** For a guest the alias that they chose, as in frames of channels without an app. */
function keptFrame(message: KeptMessage): string {
  const { connectionId, timestamp } = message
  const sender =
    connectionId === undefined ? '' : identity({ connectionId, clientId: aliasOf(message) })
  return `{"message":${valueText(message)},${sender}"date":${timestamp}}`
}

function aliasOf({ clientId, connectionId, guest }: KeptMessage): string | undefined {
  return guest && clientId !== undefined && connectionId !== undefined
    ? aliasOfGuest(clientId, connectionId)
    : clientId
}

/**
 * Data that an app's client marked as JSON may be invalid, or imitate an event of the server. It is then sent as text,
 * so that nothing is lost or misread. Messages of guests and pushes were checked when they were sent.
 */
function valueText({ data, encoding, guest }: KeptMessage): RelayedJson | 'null' {
  if (data === undefined) return 'null'
  if (typeof data !== 'string') return relayedString(Buffer.from(data).toString('base64'))
  const value = encoding === 'json' ? relayedJson(data, guest !== true) : undefined
  return value?.ok ? value.value : relayedString(data)
}

/** `uid` and, if there is one, `alias` (E-7). */
function identity({ connectionId, clientId }: Pick<Member, 'connectionId' | 'clientId'>): string {
  return clientId === undefined
    ? `"uid":"${connectionId}",`
    : `"uid":"${connectionId}","alias":${JSON.stringify(clientId)},`
}

/** The join event for the joiner itself, with `users` if it asked for the list (E-8, E-11). */
export interface OwnJoin {
  readonly member: Member
  /** Everybody on the channel in the order of joining, the joiner among them. */
  readonly users: Iterable<Member> | undefined
  readonly total: number
  readonly timestamp: number
  readonly legacy: boolean
}

export function ownJoinFrame({ member, users, total, timestamp, legacy }: OwnJoin): string {
  if (legacy && !users) {
    // Clients before 0.9 get the same join event as others.
    return membershipFrame({ kind: 'join', member, total, timestamp }, LEGACY)
  }
  const list = users ? usersText(users, member) : ''
  return `{"type":"join","self":true,${identity(member)}${list}"total":${total},"date":${timestamp}}`
}

function usersText(users: Iterable<Member>, self: Member): string {
  const entries: string[] = []
  for (const user of users) {
    if (!user.listed) continue
    const entry = identity(user)
    entries.push(user === self ? `{${entry}"self":true}` : `{${entry.slice(0, -1)}}`)
  }
  return `"users":[${entries.join(',')}],`
}

/** `code` is not read by clients, but by apps that must tell errors apart (E-13). */
export function errorFrame(failure: Failure, timestamp: number): string {
  const message = JSON.stringify(failure.message)
  return `{"type":"error","message":${message},"code":"${failure.name}","date":${timestamp}}`
}
