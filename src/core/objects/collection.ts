/**
 * What nobody has to remember any more: what was removed or deleted longer ago than clients remember it, and objects
 * that nothing has led to for a day. It follows from the objects and a time that is given, so that all copies agree.
 */
import type { ChannelObjects } from './channel-objects.ts'
import { OBJECT_GRACE_MS } from './grace.ts'
import { ROOT } from './object-id.ts'

/** How long an object may be without a way from the root: it may have been created before it is linked. */
export const LOST_MS = 86_400_000

export interface Collection {
  /** Of maps: keys that were removed. */
  readonly keys: readonly (readonly [objectId: string, key: string])[]
  /** Objects that were deleted, of which nobody has to know any more. */
  readonly forgotten: readonly string[]
  /** Those that nothing leads to, as of now. */
  readonly lost: readonly string[]
  /** Those that something leads to again. */
  readonly found: readonly string[]
  /** Those that are to be deleted. */
  readonly deleted: readonly string[]
}

/** @param now milliseconds since the epoch */
export function collectionOf(objects: ChannelObjects, now: number): Collection {
  const keys: [string, string][] = []
  const [forgotten, lost, found, deleted]: [string[], string[], string[], string[]] = [
    [],
    [],
    [],
    [],
  ]
  const reached = reachedFrom(objects)
  const isOver = (at: number | undefined) => at !== undefined && at <= now - OBJECT_GRACE_MS
  for (const object of objects.all()) {
    const { id, lostSince } = object
    if (object.type === 'map')
      for (const [key, { removedAt }] of object.entries) if (isOver(removedAt)) keys.push([id, key])
    if (object.isDeleted) {
      if (isOver(object.deletedAt)) forgotten.push(id)
    } else if (reached.has(id)) {
      if (lostSince !== undefined) found.push(id)
    } else if (lostSince === undefined) lost.push(id)
    else if (lostSince <= now - LOST_MS) deleted.push(id)
  }
  return { keys, forgotten, lost, found, deleted }
}

export function isNothing(collection: Collection): boolean {
  return Object.values(collection).every((list: readonly unknown[]) => list.length === 0)
}

function reachedFrom(objects: ChannelObjects): Set<string> {
  const reached = new Set([ROOT])
  // What is added meanwhile is gone over as well.
  for (const id of reached)
    for (const { data } of objects.map(id)?.entries.values() ?? [])
      if (data?.kind === 'objectId') reached.add(data.value)
  return reached
}
