/** Removes the objects of apps that were forgotten, a bounded number of rows at a time. */
import type { Statement } from 'bun:sqlite'
import type { HistoryFile } from './history-file.ts'

export class ObjectRemoval {
  readonly #forgotten: Statement<{ id: number }, []>
  readonly #object: Statement<{ id: number }, [number]>
  readonly #entries: Statement<{ key: string }, [number, number, number]>
  readonly #removeObject: Statement<unknown, [number]>
  readonly #removeChannel: Statement<unknown, [number]>

  constructor(file: HistoryFile) {
    this.#forgotten = file.prepare('SELECT id FROM object_channels WHERE realm IS NULL LIMIT 1')
    this.#object = file.prepare('SELECT id FROM objects WHERE channel = ? LIMIT 1')
    this.#entries = file.prepare(
      'DELETE FROM object_entries WHERE object = ? AND key IN (SELECT key FROM object_entries WHERE object = ? LIMIT ?) RETURNING key',
    )
    this.#removeObject = file.prepare('DELETE FROM objects WHERE id = ?')
    this.#removeChannel = file.prepare('DELETE FROM object_channels WHERE id = ?')
  }

  /** Inside a transaction. @returns whether there is more */
  step(rows: number): boolean {
    const channel = this.#forgotten.get()
    if (!channel) return false
    for (let left = rows; left > 0; left--) {
      const object = this.#object.get(channel.id)
      if (!object) {
        this.#removeChannel.run(channel.id)
        return true
      }
      left -= this.#entries.all(object.id, object.id, left).length
      if (left > 0) this.#removeObject.run(object.id)
    }
    return true
  }
}
