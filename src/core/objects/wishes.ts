/** Operations that say where instead of on what: on all objects that a path leads to, or linked to their parent. */
import { type Failure, type Result, fail, failure, ok } from '../../failure.ts'
import type { ChannelObjects } from './channel-objects.ts'
import type { ObjectType } from './object-id.ts'
import type {
  CounterCreate,
  CounterIncrement,
  MapCreate,
  MapRemove,
  MapSet,
  ObjectDraft,
  ObjectOperation,
} from './operation.ts'
import { EVERY_KEY, follow, isObject, segmentsOf } from './paths.ts'

/** What is to be done to each object that is found. */
export type Deed =
  Omit<MapSet, 'objectId'> | Omit<MapRemove, 'objectId'> | Omit<CounterIncrement, 'objectId'>

export interface ObjectWish extends Omit<ObjectDraft, 'operation'> {
  /** Of an object that is created: its parent is found there, and links to it by the last key. */
  readonly path: string | undefined
  /** Left out for what is created. */
  readonly objectId: string | undefined
  readonly wanted: MapCreate | CounterCreate | Deed
}

/** Operations of one request. */
export interface Expanded {
  readonly drafts: readonly ObjectDraft[]
  /** What each wish concerns: what it creates first, then what links to it. */
  readonly objectIds: readonly string[]
}

/** Looks up, once, what paths lead to now. */
export function expand(objects: ChannelObjects, wishes: readonly ObjectWish[]): Result<Expanded> {
  const drafts: ObjectDraft[] = []
  for (const wish of wishes) {
    const operations = operationsOf(objects, wish)
    if (!operations.ok) return operations
    const { clientId, extras, id } = wish
    for (const [index, operation] of operations.value.entries()) {
      const isAlone = operations.value.length === 1
      drafts.push({
        id: id === undefined || isAlone ? id : `${id}:${index}`,
        clientId,
        extras,
        operation,
      })
    }
  }
  return ok({ drafts, objectIds: drafts.map(({ operation }) => operation.objectId) })
}

function operationsOf(
  objects: ChannelObjects,
  { objectId, path, wanted }: ObjectWish,
): Result<ObjectOperation[]> {
  if ('objectId' in wanted) return path === undefined ? ok([wanted]) : linked(objects, wanted, path)
  if (objectId !== undefined) return ok([{ ...wanted, objectId }])
  if (path === undefined) return fail('object_target_missing')
  const ids = idsAt(objects, path, wanted.action === 'counter.inc' ? 'counter' : 'map')
  return ids.ok ? ok(ids.value.map((id) => ({ ...wanted, objectId: id }))) : ids
}

/** An object that is created, and set on its parent. */
function linked(
  objects: ChannelObjects,
  created: MapCreate | CounterCreate,
  path: string,
): Result<ObjectOperation[]> {
  const segments = segmentsOf(path)
  const key = segments.at(-1)
  if (key === undefined || segments.includes(EVERY_KEY))
    return fail('object_path_unfit', 'path not processable: an object is created at one key')
  const [parent] = follow(objects, segments.slice(0, -1), objects.root)
  if (!parent) return { ok: false, failure: unmatched(path) }
  if (!isObject(parent) || parent.type !== 'map')
    return fail('object_path_unfit', 'path not processable: the parent is no map')
  const data = { kind: 'objectId', value: created.objectId } as const
  return ok([created, { action: 'map.set', objectId: parent.id, key, data }])
}

/** The objects of a type at a path: with a `*` in it, those of other types there are passed over. */
function idsAt(objects: ChannelObjects, path: string, type: ObjectType): Result<string[]> {
  const segments = segmentsOf(path)
  const found = follow(objects, segments, objects.root)
  const fit = found.filter((one) => isObject(one)).filter((one) => one.type === type)
  if (fit.length > 0) return ok([...new Set(fit.map(({ id }) => id))])
  return found.length === 0 || segments.includes(EVERY_KEY)
    ? { ok: false, failure: unmatched(path) }
    : fail('object_path_unfit', `path not processable: there is no ${type}`)
}

export function unmatched(path: string): Failure {
  return failure('object_path_unmatched', `no objects matched path: ${path}`)
}
