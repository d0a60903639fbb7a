/** Removes entries of `history.db` with all that hangs on them, a bounded number of rows at a time. */
import type { Statement } from 'bun:sqlite'
import type { ChannelIds } from './channel-ids.ts'
import type { HistoryFile } from './history-file.ts'
import type { Usage } from './usage.ts'

export interface Removable {
  readonly id: number
  readonly channel: number
  /** 1 if versions or annotations hang on it. */
  readonly hasParts: number
  /** Of its body. */
  readonly bytes: number
}

export class Removal {
  readonly #parts: readonly Statement<{ bytes: number }, [number, number, number]>[]
  readonly #entry: Statement<unknown, [number]>
  readonly #anyEntry: Statement<Removable, [number]>
  readonly #channel: Statement<unknown, [number]>
  readonly #realm: Statement<{ realm: string | null }, [number]>
  readonly #ids: ChannelIds
  readonly #usage: Usage
  /** Of channels in this step. */
  readonly #realms = new Map<number, string | null>()
  /** Channels that have lost something in this step. */
  readonly #touched = new Set<number>()
  #left = 0

  constructor(file: HistoryFile, ids: ChannelIds, usage: Usage) {
    this.#ids = ids
    this.#usage = usage
    this.#parts = ['versions', 'annotations'].map((table) =>
      file.prepare(
        `DELETE FROM ${table} WHERE entry = ? AND serial IN (SELECT serial FROM ${table} WHERE entry = ? LIMIT ?) RETURNING length(body) AS bytes`,
      ),
    )
    this.#entry = file.prepare('DELETE FROM entries WHERE id = ?')
    this.#anyEntry = file.prepare(
      'SELECT id, channel, has_parts AS hasParts, length(body) AS bytes FROM entries WHERE channel = ? LIMIT 1',
    )
    this.#realm = file.prepare('SELECT realm FROM channels WHERE id = ?')
    this.#channel = file.prepare('DELETE FROM channels WHERE id = ?')
  }

  /** How many rows may still be removed. */
  get left(): number {
    return this.#left
  }

  begin(rows: number): void {
    this.#left = rows
    this.#touched.clear()
    this.#realms.clear()
  }

  /** @returns whether the entry is gone; otherwise there was more of it than may be removed now */
  entry({ id, channel, hasParts, bytes: own }: Removable): boolean {
    const realm = this.#realmOf(channel)
    const parts = hasParts === 1 ? this.#parts : []
    for (const part of parts) {
      if (this.#left <= 0) return false
      const gone = part.all(id, id, this.#left)
      this.#left -= gone.length
      for (const { bytes } of gone) this.#count(realm, bytes)
    }
    if (this.#left <= 0) return false
    this.#entry.run(id)
    this.#count(realm, own)
    this.#left--
    this.#touched.add(channel)
    return true
  }

  /** What an app had that was forgotten counted no more from then on. */
  #count(realm: string | null, bytes: number): void {
    if (realm !== null) this.#usage.removed(realm, bytes)
  }

  #realmOf(channel: number): string | null {
    const known = this.#realms.get(channel)
    if (known !== undefined) return known
    const realm = this.#realm.get(channel)?.realm ?? null
    this.#realms.set(channel, realm)
    return realm
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
    this.#usage.save()
  }
}
