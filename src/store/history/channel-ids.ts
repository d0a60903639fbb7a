/** The numbers by which `history.db` knows channels; those in use are remembered, up to a bound. */
import type { Statement } from 'bun:sqlite'
import type { ChannelRef } from '../../core/types.ts'
import type { HistoryFile } from './history-file.ts'

const REMEMBERED = 10_000

export class ChannelIds {
  readonly #known = new Map<string, number>()
  readonly #find: Statement<{ id: number }, [string, string]>
  readonly #names: Statement<{ name: string }, [string, string, number]>
  readonly #add: Statement<{ id: number }, [string, string]>

  constructor(file: HistoryFile) {
    this.#find = file.prepare('SELECT id FROM channels WHERE realm = ? AND name = ?')
    this.#names = file.prepare(
      `SELECT name FROM (SELECT name FROM channels WHERE realm = ? ORDER BY name LIMIT 10000)
       WHERE instr(lower(name), ?) > 0 LIMIT ?`,
    )
    this.#add = file.prepare('INSERT INTO channels (realm, name) VALUES (?, ?) RETURNING id')
  }

  /** Undefined for a channel that has nothing to remember. */
  find({ key, realm, name }: ChannelRef): number | undefined {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const found = this.#find.get(realm, name)?.id
    if (found !== undefined) this.#remember(key, found)
    return found
  }

  /** Names in a realm with a text in them, in order: of the first 10,000, so that looking costs no more than that. */
  names(realm: string, text: string, limit: number): string[] {
    return this.#names.all(realm, text.toLowerCase(), limit).map(({ name }) => name)
  }

  findOrAdd(channel: ChannelRef): number {
    const found = this.find(channel)
    if (found !== undefined) return found
    const { id } = this.#add.get(channel.realm, channel.name)!
    this.#remember(channel.key, id)
    return id
  }

  #remember(key: string, id: number): void {
    if (this.#known.size >= REMEMBERED) {
      const [oldest] = this.#known.keys()
      this.#known.delete(oldest!)
    }
    this.#known.set(key, id)
  }

  /** Has to be called whenever a channel was removed, or its addition undone. */
  clear(): void {
    this.#known.clear()
  }
}
