/** Live objects in `history.db`, as they stand: written with entries in one transaction, read when a channel needs them. */
import type { Statement } from 'bun:sqlite'
import type { PlainObject } from '../../core/objects/channel-objects.ts'
import type { MapEntry } from '../../core/objects/live-map.ts'
import type { ChannelRef } from '../../core/types.ts'
import type { HistoryFile } from './history-file.ts'
import { unpackEntry, unpackHead } from './object-body.ts'
import type { Row } from './row.ts'

export type ObjectRow = Extract<Row, { kind: 'object' }>

interface ChannelRow {
  readonly id: number
  readonly bytes: number
}

export class ObjectTables {
  readonly #file: HistoryFile
  readonly #channel: Statement<ChannelRow, [string, string]>
  readonly #addChannel: Statement<ChannelRow, [string, string]>
  readonly #setBytes: Statement<unknown, [number, number]>
  readonly #put: Statement<{ id: number }, [number, string, Uint8Array]>
  readonly #find: Statement<{ id: number }, [number, string]>
  readonly #remove: Statement<unknown, [number]>
  readonly #clear: Statement<unknown, [number]>
  readonly #putEntry: Statement<unknown, [number, string, Uint8Array]>
  readonly #removeEntry: Statement<unknown, [number, string]>
  readonly #all: Statement<{ id: number; body: Uint8Array }, [number]>
  readonly #entries: Statement<{ object: number; key: string; body: Uint8Array }, [number]>
  readonly #sum: Statement<{ bytes: number }, [string]>
  /** Of all channels of a realm; what is not in it is asked for. */
  readonly #bytes = new Map<string, number>()

  constructor(file: HistoryFile) {
    this.#file = file
    this.#channel = file.prepare(
      'SELECT id, bytes FROM object_channels WHERE realm = ? AND name = ?',
    )
    this.#addChannel = file.prepare(
      'INSERT INTO object_channels (realm, name, bytes) VALUES (?, ?, 0) RETURNING id, bytes',
    )
    this.#setBytes = file.prepare('UPDATE object_channels SET bytes = ? WHERE id = ?')
    this.#put = file.prepare(
      `INSERT INTO objects (channel, object, body) VALUES (?, ?, ?)
       ON CONFLICT (channel, object) DO UPDATE SET body = excluded.body RETURNING id`,
    )
    this.#find = file.prepare('SELECT id FROM objects WHERE channel = ? AND object = ?')
    this.#remove = file.prepare('DELETE FROM objects WHERE id = ?')
    this.#clear = file.prepare('DELETE FROM object_entries WHERE object = ?')
    this.#putEntry = file.prepare(
      `INSERT INTO object_entries (object, key, body) VALUES (?, ?, ?)
       ON CONFLICT (object, key) DO UPDATE SET body = excluded.body`,
    )
    this.#removeEntry = file.prepare('DELETE FROM object_entries WHERE object = ? AND key = ?')
    this.#all = file.prepare('SELECT id, body FROM objects WHERE channel = ? ORDER BY id')
    this.#entries = file.prepare(
      `SELECT object_entries.object, key, object_entries.body FROM object_entries
       JOIN objects ON objects.id = object_entries.object WHERE channel = ?`,
    )
    this.#sum = file.prepare(
      'SELECT coalesce(sum(bytes), 0) AS bytes FROM object_channels WHERE realm = ?',
    )
  }

  /** Inside a transaction. */
  write(ref: ChannelRef, row: ObjectRow): void {
    const { realm, name } = ref
    const channel = this.#channel.get(realm, name) ?? this.#addChannel.get(realm, name)!
    if (row.channelBytes !== channel.bytes) {
      this.#setBytes.run(row.channelBytes, channel.id)
      this.#bytes.delete(realm)
    }
    if (row.isGone) return this.#forgetObject(channel.id, row.objectId)
    const { id } = this.#put.get(channel.id, row.objectId, row.body)!
    if (row.isWhole) this.#clear.run(id)
    for (const [key, body] of row.entries) {
      if (body) this.#putEntry.run(id, key, body)
      else this.#removeEntry.run(id, key)
    }
  }

  #forgetObject(channel: number, objectId: string): void {
    const found = this.#find.get(channel, objectId)
    if (!found) return
    this.#clear.run(found.id)
    this.#remove.run(found.id)
  }

  read({ name, realm }: ChannelRef): PlainObject[] {
    const channel = this.#channel.get(realm, name)
    if (!channel) return []
    const entries = new Map<number, [string, MapEntry][]>()
    for (const { body, key, object } of this.#entries.iterate(channel.id)) {
      const own = entries.get(object)
      if (own) own.push([key, unpackEntry(body)])
      else entries.set(object, [[key, unpackEntry(body)]])
    }
    return this.#all
      .all(channel.id)
      .map(({ body, id }) => ({ head: unpackHead(body), entries: entries.get(id) ?? [] }))
  }

  /** Of all objects of an app, as limits measure them. */
  bytesOf(realm: string): number {
    const known = this.#bytes.get(realm)
    if (known !== undefined) return known
    const bytes = this.#sum.get(realm)?.bytes ?? 0
    this.#bytes.set(realm, bytes)
    return bytes
  }

  /** Of all apps. */
  totalBytes(): number {
    const { sqlite } = this.#file
    const sum = sqlite.query('SELECT coalesce(sum(bytes), 0) AS bytes FROM object_channels').get()
    return (sum as { bytes: number }).bytes
  }

  /** From now on nothing of the realm is found. Inside a transaction. */
  forget(realm: string): void {
    this.#file.sqlite.query('UPDATE object_channels SET realm = NULL WHERE realm = ?').run(realm)
    this.#bytes.delete(realm)
  }

  /** Has to be called when a transaction was rolled back. */
  restore(): void {
    this.#bytes.clear()
  }
}
