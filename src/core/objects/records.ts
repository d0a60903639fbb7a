/** What operations have changed, for whoever keeps it: of a large map the entries that they were about, and no more. */
import type { AnyObject, ChannelObjects } from './channel-objects.ts'
import type { Collection } from './collection.ts'
import type { ObjectRecord } from './object-log.ts'
import type { ObjectOperation } from './operation.ts'

/** By object: the keys, or everything. */
type Touched = Map<string, Set<string> | 'whole'>

/** @param whole objects that are to be kept anew as well, because that failed before */
export function recordsOf(
  objects: ChannelObjects,
  operations: readonly ObjectOperation[],
  whole: Iterable<string>,
): ObjectRecord[] {
  const touched: Touched = new Map()
  for (const operation of operations) touch(touched, operation)
  for (const id of whole) touched.set(id, 'whole')
  return Array.from(touched, ([id, keys]) => recordOf(id, objects.get(id), keys))
}

/** The same of what was let go of. */
export function recordsOfCollection(
  objects: ChannelObjects,
  { deleted, forgotten, found, keys, lost }: Collection,
): ObjectRecord[] {
  const touched: Touched = new Map()
  for (const [id, key] of keys) {
    const own = touched.get(id) ?? new Set()
    touched.set(id, own)
    add(own, key)
  }
  for (const id of [...lost, ...found]) if (!touched.has(id)) touched.set(id, new Set())
  for (const id of [...deleted, ...forgotten]) touched.set(id, 'whole')
  return Array.from(touched, ([id, own]) => recordOf(id, objects.get(id), own))
}

function touch(touched: Touched, operation: ObjectOperation): void {
  const { action, objectId } = operation
  const keys = touched.get(objectId) ?? new Set()
  touched.set(objectId, keys)
  if (action === 'map.clear' || action === 'object.delete') touched.set(objectId, 'whole')
  if (action === 'map.set' || action === 'map.remove') add(keys, operation.key)
  if (action === 'map.set') name(touched, operation.data)
  if (action !== 'map.create') return
  for (const [key, data] of operation.entries) {
    add(keys, key)
    name(touched, data)
  }
}

function add(keys: Set<string> | 'whole', key: string): void {
  if (keys !== 'whole') keys.add(key)
}

/** What is named exists from then on. */
function name(touched: Touched, { kind, value }: { kind: string; value: unknown }): void {
  if (kind === 'objectId' && !touched.has(value as string)) touched.set(value as string, new Set())
}

function recordOf(
  objectId: string,
  object: AnyObject | undefined,
  keys: ReadonlySet<string> | 'whole',
): ObjectRecord {
  const isWhole = keys === 'whole'
  if (!object) return { objectId, head: undefined, isWhole: true, entries: [] }
  const head = object.head()
  if (object.type === 'counter') return { objectId, head, isWhole: false, entries: [] }
  const { entries } = object
  if (isWhole) return { objectId, head, isWhole, entries: [...entries] }
  return { objectId, head, isWhole, entries: Array.from(keys, (key) => [key, entries.get(key)]) }
}
