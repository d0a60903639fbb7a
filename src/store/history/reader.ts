/** Reads pages of `history.db`. */
import type { Statement } from 'bun:sqlite'
import type { Page, Slice } from '../../core/history/history.ts'
import { type HistoryFile, KIND, type Kind } from './history-file.ts'
import { type Bounds, boundsOf } from './place.ts'

export interface Item {
  readonly serial: string
  readonly timestamp: number
  readonly body: Uint8Array
}

export interface StoredMessage extends Item {
  readonly id: number
  /** 1 if the latest state is one of the listed versions. */
  readonly isListed: number
}

type Direction = Page['direction']
type EntryValues = [number, Kind, string, string, number, number, number]
type PartValues = [number, string, string, number, number, number]
type Part = 'versions' | 'annotations'

const ORDER: Readonly<Record<Direction, string>> = { backwards: 'DESC', forwards: 'ASC' }

/** As the index says it, word for word. */
const IS_MARK = '(id * 40503 >> 10) & 63 = 0'

export class Reader {
  readonly #message: Statement<StoredMessage, [number, string]>
  readonly #entries: Readonly<Record<Direction, Statement<Item, EntryValues>>>
  readonly #serials: Readonly<Record<Direction, Statement<{ serial: string }, EntryValues>>>
  readonly #parts: Readonly<Record<Part, Readonly<Record<Direction, Statement<Item, PartValues>>>>>
  readonly #markBefore: Statement<{ serial: string }, [number, Kind, number]>
  readonly #markAfter: Statement<{ serial: string }, [number, Kind, number]>
  readonly #lag: () => number

  /** @param lag how much earlier than one before it an entry may be, in milliseconds */
  constructor(file: HistoryFile, lag: () => number) {
    this.#message = file.prepare(
      `SELECT id, serial, moment - lag AS timestamp, is_listed AS isListed, body FROM entries WHERE channel = ? AND kind = ${KIND.message} AND serial = ?`,
    )
    const entries = <T>(columns: string, direction: Direction): Statement<T, EntryValues> =>
      file.prepare(
        `SELECT ${columns} FROM entries INDEXED BY entries_serial
        WHERE channel = ? AND kind = ? AND serial >= ? AND serial < ? AND moment - lag BETWEEN ? AND ?
        ORDER BY serial ${ORDER[direction]} LIMIT ?`,
      )
    const entriesBothWays = <T>(columns: string) => ({
      backwards: entries<T>(columns, 'backwards'),
      forwards: entries<T>(columns, 'forwards'),
    })
    this.#entries = entriesBothWays('serial, moment - lag AS timestamp, body')
    this.#serials = entriesBothWays('serial')
    const parts = (table: Part, direction: Direction): Statement<Item, PartValues> =>
      file.prepare(
        `SELECT serial, timestamp, body FROM ${table}
        WHERE entry = ? AND serial >= ? AND serial < ? AND timestamp BETWEEN ? AND ?
        ORDER BY serial ${ORDER[direction]} LIMIT ?`,
      )
    const bothWays = (table: Part) => ({
      backwards: parts(table, 'backwards'),
      forwards: parts(table, 'forwards'),
    })
    this.#parts = { versions: bothWays('versions'), annotations: bothWays('annotations') }
    this.#markBefore = file.prepare(
      `SELECT serial FROM entries INDEXED BY entries_marks
      WHERE channel = ? AND kind = ? AND moment < ? AND ${IS_MARK} ORDER BY moment DESC, id DESC LIMIT 1`,
    )
    this.#markAfter = file.prepare(
      `SELECT serial FROM entries INDEXED BY entries_marks
      WHERE channel = ? AND kind = ? AND moment > ? AND ${IS_MARK} ORDER BY moment, id LIMIT 1`,
    )
    this.#lag = lag
  }

  message(channel: number, serial: string): StoredMessage | undefined {
    return this.#message.get(channel, serial) ?? undefined
  }

  /** @param after in the place of the page's own, where that has another form */
  entries(channel: number, kind: Kind, page: Page, after = page.after): Slice<Item> {
    const { from, below } = this.#narrowed(channel, kind, page, boundsOf(page, after))
    const { start, end } = timesOf(page)
    const query = this.#entries[page.direction]
    return slice(query.iterate(channel, kind, from, below, start, end, lookAhead(page)), page)
  }

  serials(channel: number, kind: Kind, page: Page): Slice<string> {
    const { from, below } = this.#narrowed(channel, kind, page, boundsOf(page, page.after))
    const { start, end } = timesOf(page)
    const query = this.#serials[page.direction]
    const found = query.all(channel, kind, from, below, start, end, lookAhead(page))
    const items = found.slice(0, page.limit).map(({ serial }) => serial)
    return { items, next: found.length > page.limit ? items.at(-1) : undefined, bytes: 0 }
  }

  /** Leaves out most of what stands before or after the wanted times, so that it is not even looked at. */
  #narrowed(channel: number, kind: Kind, { start, end }: Page, bounds: Bounds): Bounds {
    let { from, below } = bounds
    if (start !== undefined) {
      const earlier = this.#markBefore.get(channel, kind, start)?.serial
      if (earlier !== undefined && earlier > from) from = earlier
    }
    if (end !== undefined) {
      // An entry may stand behind one that is later, but not by more than the lag.
      const later = this.#markAfter.get(channel, kind, end + this.#lag())?.serial
      if (later !== undefined && later < below) below = later
    }
    return { from, below }
  }

  annotations(message: number, page: Page): Slice<Item> {
    return slice(this.#page('annotations', message, page), page)
  }

  /** @param latest the version that the message has now, if it is listed: then it is the last */
  versions(message: number, latest: Item | undefined, page: Page): Slice<Item> {
    const earlier = this.#page('versions', message, page)
    if (!latest || !isMeant(latest, page)) return slice(earlier, page)
    const isLast = page.direction === 'forwards'
    return slice(isLast ? chained(earlier, [latest]) : chained([latest], earlier), page)
  }

  #page(table: Part, message: number, page: Page): Iterable<Item> {
    const { from, below } = boundsOf(page, page.after)
    const { start, end } = timesOf(page)
    const query = this.#parts[table][page.direction]
    return query.iterate(message, from, below, start, end, lookAhead(page))
  }
}

function isMeant({ serial, timestamp }: Item, page: Page): boolean {
  const { from, below } = boundsOf(page, page.after)
  const { start, end } = timesOf(page)
  return serial >= from && serial < below && timestamp >= start && timestamp <= end
}

function timesOf({ start = 0, end = Number.MAX_SAFE_INTEGER }: Page) {
  return { start, end }
}

/** One more than wanted, which tells whether there is another page. */
function lookAhead({ limit }: Page): number {
  return Math.min(limit, Number.MAX_SAFE_INTEGER - 1) + 1
}

function* chained<T>(first: Iterable<T>, rest: Iterable<T>): Generator<T, undefined> {
  yield* first
  yield* rest
}

/** What an entry costs beside its body, roughly. */
const ITEM_BYTES = 300

/** @param found in the page's order, perhaps more than wanted: what is too much is not even read */
function slice(found: Iterable<Item>, { limit, maxBytes = Infinity }: Page): Slice<Item> {
  const items: Item[] = []
  let bytes = 0
  for (const item of found) {
    const size = item.body.byteLength + ITEM_BYTES
    const isFull = items.length === limit || (items.length > 0 && bytes + size > maxBytes)
    if (isFull) return { items, next: items.at(-1)!.serial, bytes }
    bytes += size
    items.push(item)
  }
  return { items, next: undefined, bytes }
}
