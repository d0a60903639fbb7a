/** Creation of objects by clients, who make up the id: a hash of what the object begins with, which is checked (RTO14). */
import { invalid } from '../../../../core/objects/checks.ts'
import { parseObjectId } from '../../../../core/objects/object-id.ts'
import type {
  CounterCreate,
  MapCreate,
  ObjectData,
  ObjectOperation,
} from '../../../../core/objects/operation.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import { decodeBase64 } from '../../../../identity/base64-text.ts'
import { objectHash } from '../../../../identity/object-hash.ts'
import { parse, textOf, unpack } from '../format.ts'
import { isRecord } from '../json-value.ts'
import { LAST_WRITER_WINS } from './object-actions.ts'
import { hasExactNumbers } from './exact-numbers.ts'
import { numberOf, readObjectData } from './object-data.ts'

type Members = Readonly<Record<string, unknown>>
type CreateAction = (MapCreate | CounterCreate)['action']

/** What an object begins with, as its creator wrote it. */
interface Initial {
  /** Of which the hash is taken. */
  readonly hashed: string | Uint8Array
  readonly value: unknown
}

/** @param value the operation: with a member for the creation, or with its parts as SDKs wrote them before version 6 */
export function readCreate(
  action: CreateAction,
  objectId: string,
  value: Members,
): Result<ObjectOperation> {
  const isMap = action === 'map.create'
  const current = value[isMap ? 'mapCreateWithObjectId' : 'counterCreateWithObjectId']
  const source = isRecord(current) ? current : value
  const { nonce } = source
  if (typeof nonce !== 'string' || nonce === '') return refused('the nonce is missing')
  const initial = readInitial(source)
  if (!initial.ok) return initial
  const id = parseObjectId(objectId)
  if (id?.hash !== objectHash(initial.value.hashed, nonce))
    return refused('the object id does not fit what the object begins with')
  const content = isRecord(initial.value.value) ? initial.value.value : {}
  // Before version 6 there was another level.
  const inner = isMap ? content['map'] : content['counter']
  const payload = isRecord(current) ? content : isRecord(inner) ? inner : {}
  return isMap ? readMapCreate(objectId, payload) : readCounterCreate(objectId, payload)
}

const INEXACT = fail<never>('data_invalid', 'a number is no double')

function readInitial(source: Members): Result<Initial> {
  const { initialValue, initialValueEncoding: encoding } = source
  if (encoding === undefined || encoding === null) {
    if (typeof initialValue !== 'string') return refused('the initial value is missing')
    const parsed = parse(initialValue)
    if (parsed.ok && !hasExactNumbers(initialValue)) return INEXACT
    return parsed.ok ? ok({ hashed: initialValue, value: parsed.value }) : notReadable()
  }
  // The first SDKs with objects wrote bytes, in one of both formats.
  const bytes = typeof initialValue === 'string' ? decodeBase64(initialValue) : initialValue
  if (!(bytes instanceof Uint8Array)) return refused('the initial value is missing')
  if (encoding === 'msgpack') {
    const unpacked = unpack(bytes)
    return unpacked.ok ? ok({ hashed: bytes, value: unpacked.value }) : notReadable()
  }
  const text = textOf(bytes)
  const parsed = text.ok ? parse(text.value) : text
  return parsed.ok ? ok({ hashed: bytes, value: parsed.value }) : notReadable()
}

export function readMapCreate(objectId: string, payload: Members): Result<MapCreate> {
  const { semantics = LAST_WRITER_WINS, entries = {} } = payload
  if (semantics !== LAST_WRITER_WINS && semantics !== 'LWW')
    return refused('the semantics of the map are unknown')
  if (!isRecord(entries ?? {})) return refused('the entries of a map are an object')
  const read: (readonly [string, ObjectData])[] = []
  for (const [key, entry] of Object.entries((entries ?? {}) as Members)) {
    if (!key.isWellFormed()) return refused('the key is no text')
    const data = readObjectData(isRecord(entry) ? entry['data'] : undefined)
    if (!data.ok) return data
    read.push([key, data.value])
  }
  return ok({ action: 'map.create', objectId, entries: read })
}

export function readCounterCreate(objectId: string, payload: Members): Result<CounterCreate> {
  const count = numberOf(payload['count'] ?? 0)
  return count === undefined
    ? fail('data_invalid', 'a counter begins with a number')
    : ok({ action: 'counter.create', objectId, count })
}

function notReadable(): Result<never> {
  return refused('the initial value cannot be read')
}

function refused(why: string): Result<never> {
  return { ok: false, failure: invalid(why) }
}
