/** Events and stored messages of a channel as entries of the log that people watch, the same for both kinds of channel. */
import type {
  Annotation,
  Event,
  KeptMessage,
  Member,
  Message,
  PresenceMessage,
} from '../../core/types.ts'
import { withoutSecrets } from '../../text/secrets.ts'

export type ActivityKind =
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

export interface ActivityEntry {
  readonly kind: ActivityKind
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly who?: string
  /** Name of a message, or type of an annotation. */
  readonly name?: string
  readonly form?: BodyForm
  /** The beginning of the payload, in hexadecimal where it is binary. */
  readonly body?: string
  /** Size of the whole payload. */
  readonly bytes?: number
}

/** Payloads are cut to these lengths; whoever needs all of it subscribes. */
const MAX_SHOWN = 4000
const MAX_SHOWN_BYTES = 256

/** The entries of an event, in order; none for events that the log does not show. */
export function entriesOf(event: Event): ActivityEntry[] {
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
          kind: event.kind === 'join' ? 'enter' : 'leave',
          at: event.timestamp,
          who: memberName(event.member),
        },
      ]
    case 'objects':
    case 'occupancy':
      return []
  }
}

const MESSAGE_KINDS: Readonly<Record<KeptMessage['action'], ActivityKind>> = {
  create: 'message',
  update: 'update',
  delete: 'delete',
  append: 'append',
  summary: 'summary',
  meta: 'message',
}

export function entryOfMessage(message: KeptMessage): ActivityEntry {
  const { action, clientId, name, summary, version } = message
  const body = action === 'summary' ? jsonBody(summary ?? '{}') : bodyOf(message)
  return {
    kind: MESSAGE_KINDS[action],
    at: version.timestamp,
    ...(clientId !== undefined && { who: withoutSecrets(clientId) }),
    ...(name !== undefined && { name: withoutSecrets(name) }),
    ...body,
  }
}

const PRESENCE_KINDS: Readonly<Record<PresenceMessage['action'], ActivityKind>> = {
  absent: 'leave',
  present: 'enter',
  enter: 'enter',
  leave: 'leave',
  update: 'change',
}

export function entryOfPresence(change: PresenceMessage): ActivityEntry {
  const { action, clientId, timestamp } = change
  return {
    kind: PRESENCE_KINDS[action],
    at: timestamp,
    who: withoutSecrets(clientId),
    ...bodyOf(change),
  }
}

function ofCommons(message: Message, at: number): ActivityEntry {
  const who = message.sender && memberName(message.sender)
  return {
    kind: 'message',
    at,
    ...(who !== undefined && { who }),
    ...bodyOf({ data: message.value, encoding: 'json' }),
  }
}

function ofAnnotation(annotation: Annotation): ActivityEntry {
  const { action, clientId, name, type, timestamp } = annotation
  return {
    kind: action === 'create' ? 'annotate' : 'unannotate',
    at: timestamp,
    ...(clientId !== undefined && { who: withoutSecrets(clientId) }),
    name: withoutSecrets(name === undefined ? type : `${type} ${name}`),
    ...bodyOf(annotation),
  }
}

/** Alias of a member of the commons, or the uid of one without. */
function memberName({ clientId, connectionId }: Member): string {
  return withoutSecrets(clientId ?? connectionId)
}

type Payload = Pick<KeptMessage, 'data' | 'encoding'>

function bodyOf({ data, encoding = '' }: Payload): Partial<ActivityEntry> {
  if (data === undefined) return {}
  const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength
  // The server cannot decrypt it: only its readers have the key.
  if (encoding.includes('cipher')) return { form: 'encrypted', bytes }
  if (typeof data !== 'string') {
    const body = Buffer.from(data.subarray(0, MAX_SHOWN_BYTES)).toString('hex')
    return { form: 'binary', body, bytes }
  }
  const form = encoding === 'json' ? 'json' : 'text'
  return { form, body: data.slice(0, MAX_SHOWN).toWellFormed(), bytes }
}

function jsonBody(text: string): Partial<ActivityEntry> {
  return bodyOf({ data: text, encoding: 'json' })
}
