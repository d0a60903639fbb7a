/** OBJECT and OBJECT_SYNC, encoded once for each form (TR2). */
import type { ObjectsChange } from '../../../../core/objects/operation.ts'
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
  const { connectionId, id, messages, position, timestamp } = event
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
