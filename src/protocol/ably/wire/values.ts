/** Messages, presence and annotations as SDKs read them, in either format. What is absent is undefined, and not written. */
import type {
  Annotation,
  JsonText,
  KeptMessage,
  PresenceMessage,
  Version,
} from '../../../core/types.ts'
import { ANNOTATION_ACTION, MESSAGE_ACTION, PRESENCE_ACTION } from './actions.ts'
import { writeData } from './data.ts'
import type { Format } from './format.ts'
import { Spliced, type WireValue, splice } from './spliced.ts'

/** What an entry inherits from its protocol message, so that it is left out of the entry (TM2a, TM2c, TM2f). */
export interface EntryContext {
  readonly shared: Shared
  readonly index: number
}

export interface Shared {
  readonly id?: string | undefined
  readonly connectionId?: string | undefined
  readonly timestamp?: number | undefined
}

const ALONE: EntryContext = { shared: {}, index: 0 }

export function messageValue(
  message: KeptMessage,
  format: Format,
  context: EntryContext = ALONE,
): WireValue {
  const { data, encoding } = writeData(message, format)
  const { shared } = context
  const { version } = message
  // Left out for a first version: clients take it from the message (TM2s), and ably-java's tests expect none.
  const isPlain = isAsCreated(message)
  const value = {
    id: ownId(message.id, context),
    name: message.name,
    data,
    encoding,
    clientId: message.clientId,
    connectionId: own(message.connectionId, shared.connectionId),
    timestamp: own(message.timestamp, shared.timestamp),
    action: MESSAGE_ACTION[message.action],
    serial: message.serial,
    version: isPlain ? undefined : versionValue(version),
  }
  const { extras, summary } = message
  const metadata = isPlain ? undefined : version.metadata
  if (extras === undefined && summary === undefined && metadata === undefined) return value
  return new Spliced(metadata === undefined ? value : { ...value, version: undefined }, {
    extras,
    version: metadata === undefined ? undefined : splice(versionValue(version), { metadata }),
    annotations: summary === undefined ? undefined : `{"summary":${summary}}`,
  })
}

export function presenceValue(
  presence: PresenceMessage,
  format: Format,
  context: EntryContext = ALONE,
): WireValue {
  const { data, encoding } = writeData(presence, format)
  const { shared } = context
  const value = {
    id: ownId(presence.id, context),
    action: PRESENCE_ACTION[presence.action],
    clientId: presence.clientId,
    connectionId: own(presence.connectionId, shared.connectionId),
    timestamp: own(presence.timestamp, shared.timestamp),
    data,
    encoding,
  }
  return withExtras(value, presence.extras)
}

export function annotationValue(
  annotation: Annotation,
  format: Format,
  context: EntryContext = ALONE,
): WireValue {
  const { data, encoding } = writeData(annotation, format)
  const value = {
    id: ownId(annotation.id, context),
    action: ANNOTATION_ACTION[annotation.action],
    serial: annotation.serial,
    messageSerial: annotation.messageSerial,
    type: annotation.type,
    name: annotation.name,
    clientId: annotation.clientId,
    count: annotation.count,
    data,
    encoding,
    timestamp: own(annotation.timestamp, context.shared.timestamp),
  }
  return withExtras(value, annotation.extras)
}

/** Undefined for the id that readers give an entry themselves, by that of the whole and its index. */
function ownId(id: string, { shared, index }: EntryContext): string | undefined {
  return shared.id !== undefined && isNumbered(id, shared.id, index) ? undefined : id
}

/** Whether an id is `base:index`, without making that text for every message. */
function isNumbered(id: string, base: string, index: number): boolean {
  const end = index < ENDS.length ? ENDS[index]! : `:${index}`
  return id.length === base.length + end.length && id.startsWith(base) && id.endsWith(end)
}

const ENDS: readonly string[] = Array.from({ length: 10 }, (_, index) => `:${index}`)

function own<T>(value: T, shared: T): T | undefined {
  return value === shared ? undefined : value
}

function withExtras(
  value: Readonly<Record<string, unknown>>,
  extras: JsonText | undefined,
): WireValue {
  return extras === undefined ? value : new Spliced(value, { extras })
}

function isAsCreated({ serial, timestamp, version }: KeptMessage): boolean {
  return (
    version.serial === serial &&
    version.timestamp === timestamp &&
    version.clientId === undefined &&
    version.description === undefined &&
    version.metadata === undefined
  )
}

/** A version without its metadata. */
function versionValue(version: Version) {
  const { serial, timestamp, clientId, description } = version
  return { serial, timestamp, clientId, description }
}
