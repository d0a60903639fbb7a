/** Encodes protocol messages as frames, once for each format, however many clients get them (section TR of the spec). */
import type {
  AnnotationChange,
  Event,
  Frame,
  KeptMessage,
  Occupancy,
  PlacedEvent,
  PresenceChange,
  PresenceMessage,
  Publication,
} from '../../../core/types.ts'
import { ACTION, MESSAGE_ACTION } from './actions.ts'
import { type Format, encode, encodeEntries } from './format.ts'
import type { WireValue } from './spliced.ts'
import { type Shared, annotationValue, messageValue, presenceValue } from './values.ts'

export interface PublicationOptions {
  /**
   * What to deliver in place of the event's own messages: some of them, or others. A reader counts what it gets,
   * so that then every message has its id in it.
   */
  readonly messages?: readonly KeptMessage[]
}

/** @param channel as its readers attached it, with any qualifier; left out of the frame where undefined */
export function publicationFrame(
  event: Publication,
  channel: string | undefined,
  format: Format,
  options: PublicationOptions = {},
): Frame {
  const messages = options.messages ?? event.messages
  const shared: Shared = {
    id: options.messages ? undefined : event.id,
    connectionId: connectionOf(event, messages),
    timestamp: event.timestamp,
  }
  const { id, position, timestamp } = event
  const { connectionId } = shared
  // Written out, as few copies as can be: this is made of every message.
  return encodeEntries(
    {
      action: ACTION.MESSAGE,
      id,
      connectionId,
      channel,
      channelSerial: position,
      timestamp,
      messages: messageValues(messages, format, shared),
    },
    'messages',
    format,
  )
}

function messageValues(
  messages: readonly KeptMessage[],
  format: Format,
  shared: Shared,
): readonly WireValue[] {
  const [only] = messages
  if (only && messages.length === 1) return [messageValue(only, format, { shared, index: 0 })]
  return messages.map((message, index) => messageValue(message, format, { shared, index }))
}

export function presenceFrame(
  event: PresenceChange,
  channel: string | undefined,
  format: Format,
): Frame {
  const shared: Shared = { ...sharedBy(event), connectionId: connectionOf(event, event.changes) }
  const values = event.changes.map((change, index) =>
    presenceValue(change, format, { shared, index }),
  )
  const head = frameHead(ACTION.PRESENCE, event, channel, shared)
  return encodeEntries({ ...head, presence: values }, 'presence', format)
}

export function annotationFrame(
  event: AnnotationChange,
  channel: string | undefined,
  format: Format,
): Frame {
  const shared = sharedBy(event)
  const annotations = event.annotations.map((annotation, index) =>
    annotationValue(annotation, format, { shared, index }),
  )
  const head = frameHead(ACTION.ANNOTATION, event, channel, shared)
  return encodeEntries({ ...head, annotations }, 'annotations', format)
}

function frameHead(
  action: number,
  event: PlacedEvent,
  channel: string | undefined,
  { connectionId }: Shared,
): Readonly<Record<string, unknown>> {
  const { id, position, timestamp } = event
  return { action, id, connectionId, channel, channelSerial: position, timestamp }
}

function sharedBy({ id, connectionId, timestamp }: PlacedEvent): Shared {
  return { id, connectionId, timestamp }
}

/** Undefined if some entry has no connection, because clients would apply it to that entry too. */
function connectionOf(
  { connectionId }: PlacedEvent,
  entries: readonly { readonly connectionId: string | undefined }[],
): string | undefined {
  for (const entry of entries) if (entry.connectionId === undefined) return undefined
  return connectionId
}

/** The name of occupancy messages. */
const OCCUPANCY_NAME = '[meta]occupancy'

/**
 * A message without a position, since no channel keeps it.
 * @param category the only number to say; all of them where left out
 */
export function occupancyFrame(
  event: Extract<Event, { kind: 'occupancy' }>,
  channel: string,
  format: Format,
  category?: keyof Occupancy,
): Frame {
  const { occupancy, timestamp } = event
  const metrics = category === undefined ? occupancy : { [category]: occupancy[category] }
  const message = {
    name: OCCUPANCY_NAME,
    data: JSON.stringify({ metrics }),
    encoding: 'json',
    action: MESSAGE_ACTION.meta,
  }
  const id = `${event.id}:0`
  return encode({ action: ACTION.MESSAGE, id, channel, timestamp, messages: [message] }, format)
}

/**
 * One page of a channel's members.
 * @param channelSerial `syncId:cursor`, with no cursor on the last page (RTP18a); none where this is the only page
 */
export function syncFrame(
  channel: string,
  channelSerial: string | undefined,
  members: readonly PresenceMessage[],
  format: Format,
): Frame {
  const presence = members.map((member) => presenceValue({ ...member, action: 'present' }, format))
  return encodeEntries(
    { action: ACTION.SYNC, channel, channelSerial, presence },
    'presence',
    format,
  )
}

/** Encodes any other protocol message from its wire members; undefined ones are left out. */
export function controlFrame(message: Readonly<Record<string, unknown>>, format: Format): Frame {
  return encode(message, format)
}
