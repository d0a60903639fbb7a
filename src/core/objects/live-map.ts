/** A map of which each key has the value that was set last: greater serials win, in whatever order they come. */
import { LiveObject, type ObjectHead } from './live-object.ts'
import { KEEPING_BYTES, entryBytes } from './object-size.ts'
import type { ObjectData, ObjectStamp } from './operation.ts'

/** What is known of a key. One that was removed stays for a while, or an older value could come back. */
export interface MapEntry {
  /** Undefined where it was removed. */
  readonly data: ObjectData | undefined
  /** Undefined for what the map began with, which is before all else. */
  readonly serial: string | undefined
  /** When it was removed, in milliseconds since the epoch. */
  readonly removedAt: number | undefined
}

export class LiveMap extends LiveObject {
  readonly type = 'map'
  readonly #entries: Map<string, MapEntry>
  #clearSerial: string | undefined
  #bytes = KEEPING_BYTES

  constructor(id: string, head?: ObjectHead, entries?: Iterable<readonly [string, MapEntry]>) {
    super(id, head)
    this.#entries = new Map(entries)
    this.#clearSerial = head?.clearSerial
    for (const [key, { data }] of this.#entries) this.#bytes += entryBytes(key, data)
  }

  get entries(): ReadonlyMap<string, MapEntry> {
    return this.#entries
  }

  get clearSerial(): string | undefined {
    return this.#clearSerial
  }

  override get bytes(): number {
    return this.#bytes
  }

  /** What is there, without what was removed. */
  get(key: string): ObjectData | undefined {
    return this.#entries.get(key)?.data
  }

  /** Adds what it began with, once: nothing of it stands against what was set, removed or cleared since. */
  create(entries: readonly (readonly [key: string, data: ObjectData])[]): void {
    if (this.isCreated) return
    this.isCreated = true
    if (this.#clearSerial !== undefined) return
    for (const [key, data] of entries)
      if (!this.#entries.has(key)) this.#put(key, { data, serial: undefined, removedAt: undefined })
  }

  set(key: string, data: ObjectData, { serial }: ObjectStamp): void {
    if (this.#isNews(key, serial)) this.#put(key, { data, serial, removedAt: undefined })
  }

  /** Also what is not there: it may have been set before, and come later. */
  remove(key: string, { serial, timestamp }: ObjectStamp): void {
    if (this.#isNews(key, serial)) this.#put(key, { data: undefined, serial, removedAt: timestamp })
  }

  clear({ serial }: ObjectStamp): void {
    if (this.#clearSerial !== undefined && this.#clearSerial >= serial) return
    this.#clearSerial = serial
    for (const [key, entry] of this.#entries)
      if (entry.serial === undefined || entry.serial < serial) this.forget(key)
  }

  /** As if the key had never been there. */
  forget(key: string): void {
    const before = this.#entries.get(key)
    if (!before) return
    this.#bytes -= entryBytes(key, before.data)
    this.#entries.delete(key)
  }

  override head(): ObjectHead {
    return { ...super.head(), clearSerial: this.#clearSerial }
  }

  protected override empty(): void {
    this.#entries.clear()
    this.#bytes = KEEPING_BYTES
    this.#clearSerial = undefined
  }

  #isNews(key: string, serial: string): boolean {
    if (this.#clearSerial !== undefined && this.#clearSerial >= serial) return false
    const before = this.#entries.get(key)?.serial
    return before === undefined || before < serial
  }

  #put(key: string, entry: MapEntry): void {
    this.forget(key)
    this.#entries.set(key, entry)
    this.#bytes += entryBytes(key, entry.data)
  }
}
