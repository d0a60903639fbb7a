/** Writes rows into `history.db`, inside a transaction of the caller. */
import type { Statement } from 'bun:sqlite'
import type { ChannelRef } from '../../core/types.ts'
import { unpackMessage } from './body.ts'
import type { ChannelIds } from './channel-ids.ts'
import { type HistoryFile, KIND, type Kind } from './history-file.ts'
import { behind, entrySerial, indexOf } from './place.ts'
import type { ObjectTables } from './object-tables.ts'
import type { Row } from './row.ts'
import type { Usage } from './usage.ts'

/** What has been kept so far, over all channels. */
export interface Summit {
  /** The greatest position; empty when there was none. */
  readonly position: string
  /** The greatest time of any entry; times in the file are stored as distances to the greatest so far. */
  readonly moment: number
  readonly lag: number
}

interface MessageRow {
  readonly id: number
  readonly timestamp: number
  readonly isListed: number
  readonly body: Uint8Array
}

export interface WriterParts {
  readonly ids: ChannelIds
  readonly usage: Usage
  readonly objects: ObjectTables
}

export class Writer {
  readonly #ids: ChannelIds
  readonly #usage: Usage
  /** Live objects, which are in tables of their own. */
  readonly #objects: ObjectTables
  readonly #addEntry: Statement<unknown, [number, Kind, string, number, number, Uint8Array]>
  readonly #lastAt: Statement<{ serial: string }, [number, string, string]>
  readonly #message: Statement<MessageRow, [number, string]>
  readonly #setState: Statement<unknown, [Uint8Array, number, number]>
  readonly #addVersion: Statement<unknown, [number, string, number, Uint8Array]>
  readonly #addAnnotation: Statement<unknown, [number, string, number, Uint8Array]>
  readonly #saveSummit: Statement<unknown, [string, number]>
  #summit: Summit

  constructor(file: HistoryFile, { ids, objects, usage }: WriterParts) {
    this.#objects = objects
    this.#ids = ids
    this.#usage = usage
    this.#addEntry = file.prepare(
      'INSERT INTO entries (channel, kind, serial, moment, lag, body) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#lastAt = file.prepare(
      `SELECT serial FROM entries WHERE channel = ? AND kind = ${KIND.presence} AND serial > ? AND serial < ? ORDER BY serial DESC LIMIT 1`,
    )
    this.#message = file.prepare(
      `SELECT id, moment - lag AS timestamp, is_listed AS isListed, body FROM entries WHERE channel = ? AND kind = ${KIND.message} AND serial = ?`,
    )
    this.#setState = file.prepare(
      'UPDATE entries SET body = ?, is_listed = ?, has_parts = 1 WHERE id = ?',
    )
    this.#addVersion = file.prepare('INSERT INTO versions VALUES (?, ?, ?, ?)')
    this.#addAnnotation = file.prepare('INSERT INTO annotations VALUES (?, ?, ?, ?)')
    this.#saveSummit = file.prepare('UPDATE summit SET position = ?, lag = ?')
    this.#summit = readSummit(file)
  }

  get summit(): Summit {
    return this.#summit
  }

  /** Has to be called before each transaction. */
  begin(): void {
    this.#usage.begin()
  }

  write(channel: ChannelRef, rows: readonly Row[]): void {
    for (const row of rows) {
      if (row.kind === 'object') {
        this.#objects.write(channel, row)
        continue
      }
      if (row.kind === 'message' || row.kind === 'presence')
        this.#usage.added(channel.realm, row.body.byteLength)
      if (row.kind === 'message') {
        this.#insert(this.#ids.findOrAdd(channel), KIND.message, row.serial, row)
      } else if (row.kind === 'presence') {
        const id = this.#ids.findOrAdd(channel)
        this.#insert(id, KIND.presence, this.#placeAt(id, row.position), row)
      } else this.#amend(channel, row)
    }
  }

  #insert(
    channel: number,
    kind: Kind,
    serial: string,
    { timestamp, body }: { readonly timestamp: number; readonly body: Uint8Array },
  ): void {
    const moment = Math.max(this.#summit.moment, timestamp)
    const lag = moment - timestamp
    if (moment > this.#summit.moment || lag > this.#summit.lag) {
      this.#summit = { ...this.#summit, moment, lag: Math.max(this.#summit.lag, lag) }
    }
    this.#addEntry.run(channel, kind, serial, moment, lag, body)
  }

  /** Changes of presence have no serials of their own; they get those that messages there would have. */
  #placeAt(channel: number, position: string): string {
    const last = this.#lastAt.get(channel, position, behind(position))?.serial
    return entrySerial(position, last === undefined ? 0 : indexOf(last) + 1)
  }

  /** A message that is not here was never kept or has expired: there is nothing that could be changed. */
  #amend(
    channel: ChannelRef,
    row: Exclude<Row, { kind: 'message' | 'presence' | 'object' }>,
  ): void {
    const id = this.#ids.find(channel)
    if (id === undefined) return
    const serial = row.kind === 'version' ? row.serial : row.messageSerial
    const before = this.#message.get(id, serial)
    if (!before) return
    if (row.kind === 'version') return this.#setVersion(channel.realm, before, row)
    this.#usage.added(channel.realm, row.body.byteLength)
    this.#addAnnotation.run(before.id, row.serial, row.timestamp, row.body)
    if (!row.messageBody) return
    this.#usage.replaced(channel.realm, before.body.byteLength, row.messageBody.byteLength)
    this.#setState.run(row.messageBody, before.isListed, before.id)
  }

  /** The latest state is with its entry; it moves to the versions when another takes its place in the list. */
  #setVersion(realm: string, before: MessageRow, row: Extract<Row, { kind: 'version' }>): void {
    const { id, timestamp } = before
    const { version } = unpackMessage(before.body, { serial: row.serial, timestamp })
    const wasListed = before.isListed === 1
    // What a message was created as stays in the list, even if something is appended to it.
    const isOriginal = version.serial === row.serial
    if (wasListed && (row.isListed || isOriginal)) {
      this.#usage.added(realm, before.body.byteLength)
      this.#addVersion.run(id, version.serial, version.timestamp, before.body)
    }
    const isListed = row.isListed || (wasListed && !isOriginal)
    this.#usage.replaced(realm, before.body.byteLength, row.body.byteLength)
    this.#setState.run(row.body, Number(isListed), id)
  }

  /** Has to be the last change of a transaction that wrote something. */
  reach(position: string): void {
    if (position > this.#summit.position) this.#summit = { ...this.#summit, position }
    this.#usage.save()
    this.#saveSummit.run(this.#summit.position, this.#summit.lag)
  }

  /** Has to be called when a transaction was rolled back. */
  restore(summit: Summit): void {
    this.#summit = summit
    this.#usage.restore()
    this.#ids.clear()
    this.#objects.restore()
  }
}

function readSummit({ sqlite }: HistoryFile): Summit {
  const saved = sqlite.query('SELECT position, lag FROM summit').get() as Omit<Summit, 'moment'>
  const last = sqlite.query('SELECT moment FROM entries ORDER BY id DESC LIMIT 1').get() as {
    moment: number
  } | null
  return { ...saved, moment: last?.moment ?? 0 }
}
