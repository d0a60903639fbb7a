/** Operations on objects in the bodies of requests, in both ways in which they have been written. */
import { invalid } from '../../../../core/objects/checks.ts'
import { objectIdOf } from '../../../../core/objects/object-id.ts'
import type { CounterCreate, MapCreate } from '../../../../core/objects/operation.ts'
import type { Deed, ObjectWish } from '../../../../core/objects/wishes.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import { objectHash } from '../../../../identity/object-hash.ts'
import { isRecord } from '../../wire/json-value.ts'
import { type MessageLimits, readEntries } from '../../wire/members.ts'
import { readCounterCreate, readCreate, readMapCreate } from '../../wire/objects/create-reader.ts'
import {
  readIncrement,
  readObjectCommon,
  readRemove,
  readSet,
} from '../../wire/objects/object-reader.ts'

type Members = Readonly<Record<string, unknown>>

export interface WishContext {
  readonly limits: MessageLimits
  /** Gives a nonce, for ids that the server makes. */
  readonly nonce: () => string
  /** The date. */
  readonly now: number
}

const KINDS = [
  'mapSet',
  'mapRemove',
  'counterInc',
  'mapCreate',
  'counterCreate',
  'mapCreateWithObjectId',
  'counterCreateWithObjectId',
] as const

type Kind = (typeof KINDS)[number]

/** The names of operations before each had a member of its own. */
const OLDER: Readonly<Record<string, Kind>> = {
  MAP_SET: 'mapSet',
  MAP_REMOVE: 'mapRemove',
  COUNTER_INC: 'counterInc',
  MAP_CREATE: 'mapCreate',
  COUNTER_CREATE: 'counterCreate',
}

export function readWishes(body: unknown, context: WishContext): Result<ObjectWish[]> {
  const entries = readEntries(body, context.limits)
  if (!entries.ok) return entries
  const wishes: ObjectWish[] = []
  for (const entry of entries.value) {
    const wish = readWish(entry, context)
    if (!wish.ok) return wish
    wishes.push(wish.value)
  }
  return ok(wishes)
}

function readWish(entry: Members, context: WishContext): Result<ObjectWish> {
  const common = readObjectCommon(entry)
  if (!common.ok) return common
  const objectId = textIn(entry, 'objectId')
  if (!objectId.ok) return objectId
  const path = textIn(entry, 'path')
  if (!path.ok) return path
  const content = contentOf(entry)
  if (!content.ok) return content
  const { kind, payload } = content.value
  const wanted = isCreation(kind)
    ? readCreation(kind, payload, { ...context, entry, objectId: objectId.value })
    : readDeed(kind, payload)
  if (!wanted.ok) return wanted
  return ok({
    ...common.value,
    objectId: objectId.value,
    path: path.value,
    wanted: wanted.value,
  })
}

/** What is to be done, in the newer way: older creations of maps have entries without a level in between. */
function contentOf(entry: Members): Result<{ readonly kind: Kind; readonly payload: Members }> {
  const { data = {}, operation } = entry
  if (typeof operation === 'string') {
    const kind = OLDER[operation]
    if (!kind || !isRecord(data ?? {})) return refused('the operation is unknown')
    return ok({ kind, payload: newer(kind, (data ?? {}) as Members) })
  }
  const given = KINDS.filter((kind) => entry[kind] !== undefined && entry[kind] !== null)
  const [kind] = given
  if (!kind || given.length > 1) return refused(`exactly one of ${KINDS.join(', ')} is needed`)
  const payload = entry[kind]
  return isRecord(payload) ? ok({ kind, payload }) : refused(`${kind} is an object`)
}

function newer(kind: Kind, data: Members): Members {
  if (kind === 'counterCreate') return { count: data['number'] ?? 0 }
  if (kind !== 'mapCreate') return data
  const entries = Object.entries(data).map(([key, value]) => [key, { data: value }])
  return { entries: Object.fromEntries(entries) as Members }
}

type Creation = Exclude<Kind, 'mapSet' | 'mapRemove' | 'counterInc'>

function isCreation(kind: Kind): kind is Creation {
  return kind.includes('Create')
}

interface CreationContext extends WishContext {
  readonly entry: Members
  readonly objectId: string | undefined
}

function readCreation(
  kind: Creation,
  payload: Members,
  context: CreationContext,
): Result<MapCreate | CounterCreate> {
  const { entry, objectId } = context
  const isMap = kind.startsWith('map')
  if (kind.endsWith('WithObjectId')) {
    if (objectId === undefined) return refused('objectId is required')
    const action = isMap ? 'map.create' : 'counter.create'
    const read = readCreate(action, objectId, { [kind]: payload })
    // It gives nothing but creations.
    return read as Result<MapCreate | CounterCreate>
  }
  const nonce = entry['nonce'] ?? payload['nonce']
  if (objectId !== undefined && (typeof nonce !== 'string' || nonce === ''))
    return refused('nonce is required with an objectId')
  const id = objectId ?? ownId(payload, isMap, context)
  return isMap ? readMapCreate(id, payload) : readCounterCreate(id, payload)
}

/** As clients make them. */
function ownId(payload: Members, isMap: boolean, { nonce, now }: WishContext): string {
  const hash = objectHash(JSON.stringify(payload), nonce())
  return objectIdOf({ type: isMap ? 'map' : 'counter', hash, timestamp: now })
}

/** The object that it is done to is found later. */
function readDeed(kind: Exclude<Kind, Creation>, payload: Members): Result<Deed> {
  const read =
    kind === 'mapSet'
      ? readSet('', payload)
      : kind === 'mapRemove'
        ? readRemove('', payload)
        : readIncrement('', payload)
  if (!read.ok) return read
  const { objectId: _, ...deed } = read.value
  // Each reader gives the operation of its kind.
  return ok(deed as Deed)
}

function textIn(entry: Members, name: string): Result<string | undefined> {
  const value = entry[name] ?? undefined
  if (value === undefined) return ok(undefined)
  return typeof value === 'string' ? ok(value) : fail('bad_request', `${name} is a text`)
}

function refused(why: string): Result<never> {
  return { ok: false, failure: invalid(why) }
}
