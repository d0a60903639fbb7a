/** What is against operations, before the channel is asked, and by what the channel has. */
import { type Failure, failure } from '../../failure.ts'
import type { ChannelObjects } from './channel-objects.ts'
import { ROOT, parseObjectId, typeOf } from './object-id.ts'
import type { ObjectData, ObjectDraft, ObjectOperation } from './operation.ts'

/** Of all objects of a channel together, by default. */
export const MAX_OBJECT_BYTES = 6_815_744

/** What nobody may ask for, whatever the channel has. */
export function operationFault(operation: ObjectOperation): Failure | undefined {
  const { action, objectId } = operation
  const type = typeOf(objectId)
  if (!type) return invalid('the object id is not valid')
  if (action === 'object.delete') return invalid('objects are deleted by the server alone')
  if (!action.startsWith(type)) return invalid(`${action} is no operation of a ${type}`)
  if (action === 'map.create' && objectId === ROOT) return invalid('the root is there already')
  if (action === 'map.clear' && objectId !== ROOT) return invalid('only the root can be cleared')
  if (action === 'map.set') return dataFault(operation.data)
  if (action !== 'map.create') return undefined
  for (const [, data] of operation.entries) {
    const fault = dataFault(data)
    if (fault) return fault
  }
  return undefined
}

/** Past hours are for clients that had to wait; a little of the future, for clocks that are ahead. */
const MAX_PAST_MS = 86_400_000
const MAX_FUTURE_MS = 300_000

/** The first thing that is against operations, whatever the channel has. @param now the date */
export function draftsFault(drafts: readonly ObjectDraft[], now: number): Failure | undefined {
  if (drafts.length === 0) return invalid('there is no operation')
  for (const { operation } of drafts) {
    const fault = operationFault(operation) ?? dateFault(operation, now)
    if (fault) return fault
  }
  return undefined
}

/** Ids of objects to be created were made lately, so that nobody can take one that was forgotten. */
function dateFault({ action, objectId }: ObjectOperation, now: number): Failure | undefined {
  if (action !== 'map.create' && action !== 'counter.create') return undefined
  const at = parseObjectId(objectId)?.timestamp ?? now
  return at < now - MAX_PAST_MS || at > now + MAX_FUTURE_MS
    ? invalid('the object id was not made lately')
    : undefined
}

function dataFault(data: ObjectData): Failure | undefined {
  return data.kind === 'objectId' && !typeOf(data.value)
    ? invalid('a value names an object by an id that is not valid')
    : undefined
}

/** Whether the channel can take operations: all of them, or none. */
export function stateFault(
  objects: ChannelObjects,
  drafts: readonly ObjectDraft[],
  maxBytes: number,
): Failure | undefined {
  for (const { operation } of drafts)
    if (objects.get(operation.objectId)?.isDeleted === true)
      return failure(
        'object_deleted',
        `unable to submit operation on tombstone object: ${operation.objectId}`,
      )
  const growth = objects.growthBy(drafts)
  if (growth > 0 && objects.bytes + growth > maxBytes)
    return failure(
      'objects_full',
      `channel object total size limit of ${maxBytes} bytes would be exceeded`,
    )
  return undefined
}

export function invalid(why: string): Failure {
  return failure('object_invalid', `invalid object message: ${why}`)
}
