/** Objects as trees, as requests get them: whole with ids and types, or compact, as the values that they stand for. */
import type { AnyObject, ChannelObjects } from '../../../../core/objects/channel-objects.ts'
import type { ObjectData } from '../../../../core/objects/operation.ts'
import { type Found, childOf, isObject } from '../../../../core/objects/paths.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import type { Format } from '../format.ts'
import { Double } from '../double.ts'
import { objectDataValue } from './object-data.ts'

type Members = Readonly<Record<string, unknown>>

/** Objects that are reached in several ways are written out each time, which could be without end. */
const MAX_NODES = 100_000

/** @returns `message_too_large` for a tree of more values than an answer can have */
export function treeOf(
  objects: ChannelObjects,
  found: Found,
  { compact, format }: { readonly compact: boolean; readonly format: Format },
): Result<unknown> {
  const tree = new Tree(objects, format, compact)
  const value = tree.valueOf(found)
  return tree.isTooLarge
    ? fail('message_too_large', `the tree has more than ${MAX_NODES} values; ask for a part of it`)
    : ok(value)
}

class Tree {
  readonly #objects: ChannelObjects
  readonly #format: Format
  readonly #isCompact: boolean
  /** Those on the way from the top: one that comes again below itself is named only. */
  readonly #above = new Set<AnyObject>()
  #nodes = 0

  constructor(objects: ChannelObjects, format: Format, isCompact: boolean) {
    this.#objects = objects
    this.#format = format
    this.#isCompact = isCompact
  }

  get isTooLarge(): boolean {
    return this.#nodes > MAX_NODES
  }

  valueOf(found: Found): unknown {
    this.#nodes++
    if (this.isTooLarge) return undefined
    if (!isObject(found)) return this.#isCompact ? this.#plain(found) : this.#data(found)
    if (found.type === 'counter') {
      const number = new Double(found.count)
      return this.#isCompact ? number : { objectId: found.id, counter: { data: { number } } }
    }
    if (this.#above.has(found) || this.#above.size === MAX_DEPTH) return { objectId: found.id }
    this.#above.add(found)
    const entries: [string, unknown][] = []
    for (const key of found.entries.keys()) {
      const child = childOf(this.#objects, found.get(key))
      if (!child) continue
      const value = this.valueOf(child)
      entries.push([key, this.#isCompact ? value : { data: value }])
    }
    this.#above.delete(found)
    const members = Object.fromEntries(entries) as Members
    if (this.#isCompact) return members
    return { objectId: found.id, map: { semantics: 'LWW', entries: members } }
  }

  #data(data: ObjectData): Members {
    return objectDataValue(data, this.#format)
  }

  #plain(data: ObjectData): unknown {
    return this.#data(data)[data.kind]
  }
}

/** Deeper trees could exhaust the stack. */
const MAX_DEPTH = 500
