/**
 * The objects of a channel as OBJECT_SYNC messages. Each page is made when there is room for it, of the objects as they
 * are then: what has come meanwhile goes out beside the pages, and clients know by the serials what a page has of it.
 */
import type { AnyObject, ChannelObjects } from '../../../../core/objects/channel-objects.ts'
import type { LiveMap, MapEntry } from '../../../../core/objects/live-map.ts'
import { entryBytes } from '../../../../core/objects/object-size.ts'
import type { Frame } from '../../../../core/types.ts'
import { objectSyncFrame } from '../../wire/objects/object-frames.ts'
import { type ObjectForm, objectStateValue } from '../../wire/objects/object-values.ts'

export interface ObjectPageOptions {
  /** The name of the channel in frames. */
  readonly text: string
  /** Names the sync: a new one ends one that is going on. */
  readonly syncId: string
  readonly form: ObjectForm
}

/** Of what limits measure; as text it is up to twice as much, which stays under the size of a message. */
const MAX_PAGE_BYTES = 24_576

type Entries = readonly (readonly [string, MapEntry])[]

/** One object, or a part of a large map. */
interface Piece {
  readonly object: AnyObject
  readonly entries: Entries
  readonly bytes: number
}

export class ObjectPages {
  readonly #objects: ChannelObjects
  readonly #options: ObjectPageOptions
  readonly #ids: readonly string[]
  #next = 0
  /** Parts of a map of which others have been sent: all of them are of one moment. */
  #pieces: Piece[] = []
  #isOver = false

  constructor(objects: ChannelObjects, options: ObjectPageOptions) {
    this.#objects = objects
    this.#options = options
    this.#ids = Array.from(objects.all(), ({ id }) => id).toSorted()
  }

  /** @returns undefined after the last page; there is always one, and the root in one of them */
  next(): Frame | undefined {
    if (this.#isOver) return undefined
    const { form, syncId, text } = this.#options
    const state: Readonly<Record<string, unknown>>[] = []
    let bytes = 0
    for (let piece = this.#peek(); piece; piece = this.#peek()) {
      if (bytes > 0 && bytes + piece.bytes > MAX_PAGE_BYTES) break
      this.#pieces.shift()
      state.push(objectStateValue(piece.object, piece.entries, form))
      bytes += piece.bytes
    }
    const following = this.#pieces[0]?.object.id
    this.#isOver = following === undefined
    return objectSyncFrame(text, `${syncId}:${following ?? ''}`, state, form)
  }

  #peek(): Piece | undefined {
    while (this.#pieces.length === 0 && this.#next < this.#ids.length) {
      const object = this.#objects.get(this.#ids[this.#next++]!)
      if (object) this.#pieces = this.#piecesOf(object)
    }
    return this.#pieces[0]
  }

  #piecesOf(object: AnyObject): Piece[] {
    const isWhole =
      object.type === 'counter' ||
      object.bytes <= MAX_PAGE_BYTES ||
      // A map in several parts is known since version 6.
      this.#options.form.dialect === 'older'
    if (object.type === 'counter') return [{ object, entries: [], bytes: object.bytes }]
    return isWhole ? [{ object, entries: [...object.entries], bytes: object.bytes }] : split(object)
  }
}

function split(map: LiveMap): Piece[] {
  const pieces: Piece[] = []
  let entries: (readonly [string, MapEntry])[] = []
  let bytes = 0
  for (const entry of map.entries) {
    const size = entryBytes(entry[0], entry[1].data)
    if (bytes > 0 && bytes + size > MAX_PAGE_BYTES) {
      pieces.push({ object: map, entries, bytes })
      entries = []
      bytes = 0
    }
    entries.push(entry)
    bytes += size
  }
  return [...pieces, { object: map, entries, bytes }]
}
