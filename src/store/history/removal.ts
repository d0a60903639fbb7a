/** Removes entries of `history.db` with all that hangs on them, a bounded number of rows at a time. */
import type { Statement } from 'bun:sqlite'
import type { ChannelIds } from './channel-ids.ts'
import type { HistoryFile } from './history-file.ts'

export interface Removable {
  readonly id: number
  readonly channel: number
  /** 1 if versions or annotations hang on it. */
  readonly hasParts: number
}

export class Removal {
  readonly #parts: readonly Statement<unknown, [number, number, number]>[]
  readonly #entry: Statement<unknown, [number]>
  readonly #anyEntry: Statement<Removable, [number]>
  readonly #channel: Statement<unknown, [number]>
  readonly #ids: ChannelIds
  /** Channels that have lost something in this step. */
  readonly #touched = new Set<number>()
  #left = 0

  constructor(file: HistoryFile, ids: ChannelIds) {
    this.#ids = ids
    this.#parts = ['versions', 'annotations'].map((table) =>
      file.prepare(
        `DELETE FROM ${table} WHERE entry = ? AND serial IN (SELECT serial FROM ${table} WHERE entry = ? LIMIT ?)`,
      ),
    )
    this.#entry = file.prepare('DELETE FROM entries WHERE id = ?')
    this.#anyEntry = file.prepare(
      'SELECT id, channel, has_parts AS hasParts FROM entries WHERE channel = ? LIMIT 1',
    )
    this.#channel = file.prepare('DELETE FROM channels WHERE id = ?')
  }

  /** How many rows may still be removed. */
  get left(): number {
    return this.#left
  }

  begin(rows: number): void {
    this.#left = rows
    this.#touched.clear()
  }

  /** @returns whether the entry is gone; otherwise there was more of it than may be removed now */
  entry({ id, channel, hasParts }: Removable): boolean {
    const parts = hasParts === 1 ? this.#parts : []
    for (const part of parts) {
      if (this.#left <= 0) return false
      this.#left -= part.run(id, id, this.#left).changes
    }
    if (this.#left <= 0) return false
    this.#entry.run(id)
    this.#left--
    this.#touched.add(channel)
    return true
  }

  /** Removes everything of a channel, and the channel. */
  channel(id: number): void {
    for (;;) {
      const entry = this.#anyEntry.get(id)
      if (!entry) break
      if (!this.entry(entry)) return
    }
    this.#touched.add(id)
  }

  /** Lets go of channels that have nothing left. */
  end(): void {
    for (const id of this.#touched) {
      if (this.#anyEntry.get(id)) continue
      this.#channel.run(id)
      this.#ids.clear()
    }
  }
}
