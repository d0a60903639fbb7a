/** OBJECT and OBJECT_SYNC, encoded once for each form (TR2). */
import type { ObjectMessage, ObjectsChange } from '../../../../core/objects/operation.ts'
import type { Frame } from '../../../../core/types.ts'
import { ACTION } from '../actions.ts'
import { encodeEntries } from '../format.ts'
import { type ObjectForm, objectMessageValue } from './object-values.ts'
import type { WireValue } from '../spliced.ts'

/** @param channel as its readers attached it; left out of the frame where undefined */
export function objectFrame(
  event: ObjectsChange,
  channel: string | undefined,
  form: ObjectForm,
): Frame {
  const { connectionId, id, position, timestamp } = event
  const messages = form.dialect === 'older' ? event.messages.flatMap(withoutClear) : event.messages
  const head = {
    action: ACTION.OBJECT,
    id,
    connectionId,
    channel,
    channelSerial: position,
    timestamp,
  }
  const values = messages.map((message, index) =>
    objectMessageValue(message, message.id === `${id}:${index}` ? undefined : message.id, form),
  )
  return encodeEntries({ ...head, state: values }, 'state', form.format)
}

/**
 * Clearing came with version 6: before, each key that had a value is removed. The serials stand between that of the
 * clear and the next, because clients take none that is not greater than the one before.
 */
function withoutClear(message: ObjectMessage): ObjectMessage[] {
  const { clientId, cleared = [], extras, id, operation, serial, siteCode, timestamp } = message
  if (operation.action !== 'map.clear') return [message]
  const { objectId } = operation
  return cleared.map((key, index) => ({
    clientId,
    extras,
    siteCode,
    timestamp,
    id: `${id}-${index}`,
    serial: `${serial}-${String(index).padStart(SERIAL_DIGITS, '0')}`,
    operation: { action: 'map.remove', objectId, key },
  }))
}

/** More keys than a channel has room for. */
const SERIAL_DIGITS = 6

/**
 * One page of the objects of a channel.
 * @param channelSerial `syncId:cursor`, with no cursor on the last page (RTO5a)
 */
export function objectSyncFrame(
  channel: string,
  channelSerial: string,
  state: readonly WireValue[],
  { format }: ObjectForm,
): Frame {
  return encodeEntries(
    { action: ACTION.OBJECT_SYNC, channel, channelSerial, state },
    'state',
    format,
  )
}
