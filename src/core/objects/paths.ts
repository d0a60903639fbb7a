/** Paths to objects: keys from the root, divided by dots; `\.` is a dot of a key, `*` stands for every key of a map. */
import type { AnyObject, ChannelObjects } from './channel-objects.ts'
import type { ObjectData } from './operation.ts'

export const EVERY_KEY = '*'

/** What a path leads to: an object, or another value. */
export type Found = AnyObject | ObjectData

/** @returns no segment for the root */
export function segmentsOf(path: string): string[] {
  if (path === '') return []
  const segments = ['']
  for (const part of path.split('.')) {
    const last = segments.at(-1)!
    if (last.endsWith('\\')) segments[segments.length - 1] = `${last.slice(0, -1)}.${part}`
    else segments.push(part)
  }
  return segments.slice(1)
}

/** @param from the map at which the path begins */
export function follow(
  objects: ChannelObjects,
  segments: readonly string[],
  from: AnyObject,
): Found[] {
  let found: Found[] = [from]
  for (const segment of segments)
    found = found.flatMap((one) => [...childrenOf(objects, one, segment)])
  return found
}

function* childrenOf(objects: ChannelObjects, found: Found, segment: string): Iterable<Found> {
  if (!isObject(found) || found.type !== 'map') return
  const keys = segment === EVERY_KEY ? found.entries.keys() : [segment]
  for (const key of keys) {
    const child = childOf(objects, found.get(key))
    if (child) yield child
  }
}

/** @returns undefined for what is not there: it was removed, or names an object that was deleted */
export function childOf(objects: ChannelObjects, data: ObjectData | undefined): Found | undefined {
  if (data?.kind !== 'objectId') return data
  const object = objects.get(data.value)
  return object?.isDeleted === true ? undefined : object
}

export function isObject(found: Found): found is AnyObject {
  return 'type' in found
}
