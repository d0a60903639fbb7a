/** Operations on objects and their states as SDKs read them, in either format and either dialect (OM, OOP, OST). */
import type { AnyObject } from '../../../../core/objects/channel-objects.ts'
import type { LiveMap, MapEntry } from '../../../../core/objects/live-map.ts'
import { ROOT } from '../../../../core/objects/object-id.ts'
import type {
  MapCreate,
  ObjectMessage,
  ObjectOperation,
} from '../../../../core/objects/operation.ts'
import type { Format } from '../format.ts'
import { Spliced, type WireValue } from '../spliced.ts'
import { Double } from '../double.ts'
import { LAST_WRITER_WINS, OBJECT_ACTION, type ObjectDialect } from './object-actions.ts'
import { objectDataValue } from './object-data.ts'

type Members = Readonly<Record<string, unknown>>

export interface ObjectForm {
  readonly format: Format
  readonly dialect: ObjectDialect
}

/** @param id left out where it follows from that of the protocol message */
export function objectMessageValue(
  message: ObjectMessage,
  id: string | undefined,
  form: ObjectForm,
): WireValue {
  const { clientId, extras, operation, serial, siteCode, timestamp } = message
  const value = {
    id,
    clientId,
    serial,
    serialTimestamp: timestamp,
    siteCode,
    operation: operationValue(operation, form),
  }
  return extras === undefined ? value : new Spliced(value, { extras })
}

function operationValue(operation: ObjectOperation, form: ObjectForm): Members {
  const { action, objectId } = operation
  const head = { action: OBJECT_ACTION[action], objectId }
  const isCurrent = form.dialect === 'current'
  switch (operation.action) {
    case 'map.create': {
      const created = mapCreateValue(operation, form.format)
      return isCurrent ? { ...head, mapCreate: created } : { ...head, map: created }
    }
    case 'map.set': {
      const { key } = operation
      const data = objectDataValue(operation.data, form.format)
      return isCurrent
        ? { ...head, mapSet: { key, value: data } }
        : { ...head, mapOp: { key, data } }
    }
    case 'map.remove': {
      const { key } = operation
      return isCurrent ? { ...head, mapRemove: { key } } : { ...head, mapOp: { key } }
    }
    case 'map.clear':
      return { ...head, mapClear: {} }
    case 'counter.create': {
      const created = { count: new Double(operation.count) }
      return isCurrent ? { ...head, counterCreate: created } : { ...head, counter: created }
    }
    case 'counter.inc': {
      const number = new Double(operation.number)
      return isCurrent
        ? { ...head, counterInc: { number } }
        : { ...head, counterOp: { amount: number } }
    }
    case 'object.delete':
      return isCurrent ? { ...head, objectDelete: {} } : head
  }
}

function mapCreateValue({ entries }: Pick<MapCreate, 'entries'>, format: Format): Members {
  const values = entries.map(([key, data]) => [key, { data: objectDataValue(data, format) }])
  return { semantics: LAST_WRITER_WINS, entries: Object.fromEntries(values) as Members }
}

/**
 * The state of an object for a client that is about to know nothing else of it.
 * @param entries of a map: all of them, or those of one part of it
 */
export function objectStateValue(
  object: AnyObject,
  entries: Iterable<readonly [string, MapEntry]>,
  form: ObjectForm,
): Members {
  return {
    object: {
      objectId: object.id,
      siteTimeserials: Object.fromEntries(object.sites) as Members,
      tombstone: object.isDeleted,
      createOp: object.isCreated && object.id !== ROOT ? createdValue(object, form) : undefined,
      map: object.type === 'map' ? mapValue(object, entries, form.format) : undefined,
      // What it began with is in it, and counts nothing in its creation.
      counter: object.type === 'counter' ? { count: new Double(object.count) } : undefined,
    },
    serialTimestamp: object.deletedAt,
  }
}

/** Whoever knows that an object was created does not add again what it began with. */
function createdValue({ id, type }: AnyObject, form: ObjectForm): Members {
  return operationValue(
    type === 'map'
      ? { action: 'map.create', objectId: id, entries: [] }
      : { action: 'counter.create', objectId: id, count: 0 },
    form,
  )
}

function mapValue(
  { clearSerial }: LiveMap,
  entries: Iterable<readonly [string, MapEntry]>,
  format: Format,
): Members {
  const values: [string, Members][] = []
  for (const [key, entry] of entries) values.push([key, entryValue(entry, format)])
  return {
    semantics: LAST_WRITER_WINS,
    clearTimeserial: clearSerial,
    entries: Object.fromEntries(values) as Members,
  }
}

function entryValue({ data, removedAt, serial }: MapEntry, format: Format): Members {
  return data
    ? { timeserial: serial, data: objectDataValue(data, format) }
    : { timeserial: serial, tombstone: true, serialTimestamp: removedAt }
}
