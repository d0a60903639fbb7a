/**
 * The live objects of a channel: a tree of maps and counters with other values at its ends, and what is no longer, or
 * not yet, part of it. What becomes of an operation depends on the objects, the operation and its stamp alone.
 */
import { LiveCounter } from './live-counter.ts'
import { LiveMap, type MapEntry } from './live-map.ts'
import type { ObjectHead } from './live-object.ts'
import { ROOT, typeOf } from './object-id.ts'
import { KEEPING_BYTES, entryBytes } from './object-size.ts'
import type { ObjectDraft, ObjectOperation, ObjectStamp } from './operation.ts'

export type AnyObject = LiveMap | LiveCounter

/** An object as plain data. */
export interface PlainObject {
  readonly head: ObjectHead
  /** Of a map. */
  readonly entries: readonly (readonly [key: string, entry: MapEntry])[]
}

export function objectsFrom(plain: readonly PlainObject[]): ChannelObjects {
  return new ChannelObjects(plain.map(objectFrom).filter((object) => object !== undefined))
}

/** @returns undefined for what has an id of no object */
function objectFrom({ entries, head }: PlainObject): AnyObject | undefined {
  const type = typeOf(head.objectId)
  if (!type) return undefined
  return type === 'map'
    ? new LiveMap(head.objectId, head, entries)
    : new LiveCounter(head.objectId, head)
}

export class ChannelObjects {
  /** The root is the first. */
  readonly #all = new Map<string, AnyObject>([[ROOT, new LiveMap(ROOT)]])

  #bytes = 0

  constructor(objects: Iterable<AnyObject> = []) {
    for (const object of objects) this.#all.set(object.id, object)
    for (const { bytes } of this.#all.values()) this.#bytes += bytes
  }

  get root(): LiveMap {
    return this.#all.get(ROOT) as LiveMap
  }

  get size(): number {
    return this.#all.size
  }

  /** Whether nothing was ever done here, as far as anybody still has to know. */
  get isPristine(): boolean {
    return this.#all.size === 1 && this.root.sites.size === 0
  }

  /** Of all that they hold, as limits measure it. */
  get bytes(): number {
    return this.#bytes
  }

  get(id: string): AnyObject | undefined {
    return this.#all.get(id)
  }

  map(id: string): LiveMap | undefined {
    const object = this.#all.get(id)
    return object?.type === 'map' ? object : undefined
  }

  all(): Iterable<AnyObject> {
    return this.#all.values()
  }

  /** All of them as plain data. */
  plain(): PlainObject[] {
    return Array.from(this.#all.values(), (object) => ({
      head: object.head(),
      entries: object.type === 'map' ? [...object.entries] : [],
    }))
  }

  /** As if it had never been there. The root stays. */
  forget(id: string): void {
    if (id === ROOT) return
    this.#bytes -= this.#all.get(id)?.bytes ?? 0
    this.#all.delete(id)
  }

  /** As if a map had never had a key. */
  forgetKey(id: string, key: string): void {
    const map = this.map(id)
    if (!map) return
    this.#bytes -= map.bytes
    map.forget(key)
    this.#bytes += map.bytes
  }

  /** How many bytes drafts would add at most. */
  growthBy(drafts: readonly ObjectDraft[]): number {
    let bytes = 0
    for (const { operation } of drafts) bytes += this.#growth(operation)
    return bytes
  }

  /** Whatever an operation names exists from then on, also where it has not been created yet (RTO6). */
  apply(operation: ObjectOperation, stamp: ObjectStamp): void {
    const object = this.#named(operation.objectId)
    if (operation.action === 'map.set' && operation.data.kind === 'objectId')
      this.#named(operation.data.value)
    if (operation.action === 'map.create')
      for (const [, data] of operation.entries)
        if (data.kind === 'objectId') this.#named(data.value)
    if (!object?.admit(stamp)) return
    const before = object.bytes
    applyTo(object, operation, stamp)
    this.#bytes += object.bytes - before
  }

  #growth(operation: ObjectOperation): number {
    switch (operation.action) {
      case 'map.create': {
        let bytes = KEEPING_BYTES
        for (const [key, data] of operation.entries) bytes += entryBytes(key, data)
        return bytes
      }
      case 'map.set': {
        const before = this.map(operation.objectId)?.entries.get(operation.key)
        const bytes = entryBytes(operation.key, operation.data)
        return bytes - (before ? entryBytes(operation.key, before.data) : 0)
      }
      case 'counter.create':
        return KEEPING_BYTES
      case 'map.remove':
      case 'map.clear':
      case 'counter.inc':
      case 'object.delete':
        return 0
    }
  }

  #named(id: string): AnyObject | undefined {
    const known = this.#all.get(id)
    if (known) return known
    const type = typeOf(id)
    if (!type) return undefined
    const made = type === 'map' ? new LiveMap(id) : new LiveCounter(id)
    this.#all.set(id, made)
    this.#bytes += made.bytes
    return made
  }
}

function applyTo(object: AnyObject, operation: ObjectOperation, stamp: ObjectStamp): void {
  if (operation.action === 'object.delete') return object.delete(stamp.timestamp)
  if (object.isDeleted) return
  if (object.type === 'map') applyToMap(object, operation, stamp)
  else applyToCounter(object, operation)
}

function applyToMap(map: LiveMap, operation: ObjectOperation, stamp: ObjectStamp): void {
  switch (operation.action) {
    case 'map.create':
      return map.create(operation.entries)
    case 'map.set':
      return map.set(operation.key, operation.data, stamp)
    case 'map.remove':
      return map.remove(operation.key, stamp)
    case 'map.clear':
      return map.clear(stamp)
    default:
  }
}

function applyToCounter(counter: LiveCounter, operation: ObjectOperation): void {
  if (operation.action === 'counter.create') counter.create(operation.count)
  else if (operation.action === 'counter.inc') counter.add(operation.number)
}
