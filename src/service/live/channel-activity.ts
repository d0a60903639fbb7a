/** What happens on a channel, as people read it who look on: the same for both kinds of channel, live or kept. */
import type {
  Annotation,
  Event,
  KeptMessage,
  Member,
  Message,
  PresenceMessage,
} from '../../core/types.ts'
import { withoutSecrets } from '../../text/secrets.ts'

export type Deed =
  | 'message'
  | 'update'
  | 'delete'
  | 'append'
  | 'summary'
  | 'enter'
  | 'leave'
  | 'change'
  | 'annotate'
  | 'unannotate'

export type BodyForm = 'text' | 'json' | 'binary' | 'encrypted'

export interface LiveEntry {
  readonly deed: Deed
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly who?: string
  /** Of a message; of an annotation its type. */
  readonly name?: string
  readonly form?: BodyForm
  /** The beginning of what was sent, in hexadecimal where it is binary. */
  readonly body?: string
  /** Of all of what was sent. */
  readonly bytes?: number
}

/** Enough to know a message by; who needs all of it subscribes. */
const MAX_SHOWN = 4000
const MAX_SHOWN_BYTES = 256

/** The entries of an event, in order; none for what is not worth a line. */
export function entriesOf(event: Event): LiveEntry[] {
  switch (event.kind) {
    case 'message':
      return event.messages.map((message) => ofCommons(message, event.timestamp))
    case 'publication':
      return event.messages.map(entryOfMessage)
    case 'presence':
      return event.changes.map(entryOfPresence)
    case 'annotation':
      return event.annotations.map(ofAnnotation)
    case 'join':
    case 'leave':
      return [
        {
          deed: event.kind === 'join' ? 'enter' : 'leave',
          at: event.timestamp,
          who: memberName(event.member),
        },
      ]
    case 'occupancy':
      return []
  }
}

const MESSAGE_DEEDS: Readonly<Record<KeptMessage['action'], Deed>> = {
  create: 'message',
  update: 'update',
  delete: 'delete',
  append: 'append',
  summary: 'summary',
  meta: 'message',
}

export function entryOfMessage(message: KeptMessage): LiveEntry {
  const { action, clientId, name, summary, version } = message
  const body = action === 'summary' ? jsonBody(summary ?? '{}') : bodyOf(message)
  return {
    deed: MESSAGE_DEEDS[action],
    at: version.timestamp,
    ...(clientId !== undefined && { who: withoutSecrets(clientId) }),
    ...(name !== undefined && { name: withoutSecrets(name) }),
    ...body,
  }
}

const PRESENCE_DEEDS: Readonly<Record<PresenceMessage['action'], Deed>> = {
  absent: 'leave',
  present: 'enter',
  enter: 'enter',
  leave: 'leave',
  update: 'change',
}

export function entryOfPresence(change: PresenceMessage): LiveEntry {
  const { action, clientId, timestamp } = change
  return {
    deed: PRESENCE_DEEDS[action],
    at: timestamp,
    who: withoutSecrets(clientId),
    ...bodyOf(change),
  }
}

function ofCommons(message: Message, at: number): LiveEntry {
  const who = message.sender && memberName(message.sender)
  return {
    deed: 'message',
    at,
    ...(who !== undefined && { who }),
    ...bodyOf({ data: message.value, encoding: 'json' }),
  }
}

function ofAnnotation(annotation: Annotation): LiveEntry {
  const { action, clientId, name, type, timestamp } = annotation
  return {
    deed: action === 'create' ? 'annotate' : 'unannotate',
    at: timestamp,
    ...(clientId !== undefined && { who: withoutSecrets(clientId) }),
    name: withoutSecrets(name === undefined ? type : `${type} ${name}`),
    ...bodyOf(annotation),
  }
}

/** Names on the commons are chosen freely; without one, the uid stands for somebody. */
function memberName({ clientId, connectionId }: Member): string {
  return withoutSecrets(clientId ?? connectionId)
}

type Payload = Pick<KeptMessage, 'data' | 'encoding'>

function bodyOf({ data, encoding = '' }: Payload): Partial<LiveEntry> {
  if (data === undefined) return {}
  const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength
  // Only its readers have the key.
  if (encoding.includes('cipher')) return { form: 'encrypted', bytes }
  if (typeof data !== 'string') {
    const body = Buffer.from(data.subarray(0, MAX_SHOWN_BYTES)).toString('hex')
    return { form: 'binary', body, bytes }
  }
  const form = encoding === 'json' ? 'json' : 'text'
  return { form, body: data.slice(0, MAX_SHOWN).toWellFormed(), bytes }
}

function jsonBody(text: string): Partial<LiveEntry> {
  return bodyOf({ data: text, encoding: 'json' })
}
