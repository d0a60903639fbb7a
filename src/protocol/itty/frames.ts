/** The frames that itty-sockets clients read, with exactly the documented keys (E-1 to E-13). */
import { aliasOfGuest } from '../../core/commons/guests.ts'
import type { Event, KeptMessage, Member, Message } from '../../core/types.ts'
import { type RelayedJson, relayedJson, relayedString } from '../../policy/relayed-json.ts'
import type { Failure } from '../../failure.ts'

/** Readers before 0.9 find a numeric `users` in joins and leaves (V-2). */
export const LEGACY = 'legacy'
export const CURRENT = ''

/** One frame a message; a join or leave is one frame. What else an app's channels tell has no form here. */
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

/** The value is spliced in as the sender wrote it (F-9). No `type`: it would hide the payload's (E-3). */
function messageFrame({ value, sender: from }: Message, timestamp: number): string {
  const sender = from ? identity(from) : ''
  return `{"message":${value},${sender}"date":${timestamp}}`
}

/** Of a guest it is the alias that they chose, as in the frames of channels that no app has. */
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
 * What clients of an app call JSON need not be that, or may look like something that only the server says. It reaches
 * readers as text then: nothing is lost, and nothing taken for what it is not. Guests and pushes were looked at already.
 */
function valueText({ data, encoding, guest }: KeptMessage): RelayedJson | 'null' {
  if (data === undefined) return 'null'
  if (typeof data !== 'string') return relayedString(Buffer.from(data).toString('base64'))
  const value = encoding === 'json' ? relayedJson(data, guest !== true) : undefined
  return value?.ok ? value.value : relayedString(data)
}

/** `uid`, and `alias` only where there is one: with none the key is left out (E-7). */
function identity({ connectionId, clientId }: Pick<Member, 'connectionId' | 'clientId'>): string {
  return clientId === undefined
    ? `"uid":"${connectionId}",`
    : `"uid":"${connectionId}","alias":${JSON.stringify(clientId)},`
}

/** What the joiner itself is told; `users` only for those who asked to list (E-8, E-11). */
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
    // Before 0.9 one's own was like that of anybody.
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

/** Nothing in the clients reads `code`; it is for apps that must tell errors apart (E-13). */
export function errorFrame(failure: Failure, timestamp: number): string {
  const message = JSON.stringify(failure.message)
  return `{"type":"error","message":${message},"code":"${failure.name}","date":${timestamp}}`
}
