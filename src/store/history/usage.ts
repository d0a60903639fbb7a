/** About what each app takes up in `history.db`: counted with every row that comes or goes, in the same transaction. */
import type { Statement } from 'bun:sqlite'
import type { HistoryFile } from './history-file.ts'

/** What a row takes beside its body: serial, times and indexes. Also in the migration that made the table. */
const ROW_BYTES = 120

export class Usage {
  readonly #save: Statement<unknown, [string, number]>
  readonly #remove: Statement<unknown, [string]>
  readonly #bytes: Map<string, number>
  /** What has come or gone in this transaction, by realm. */
  readonly #changes = new Map<string, number>()

  constructor(file: HistoryFile) {
    this.#save = file.prepare('INSERT OR REPLACE INTO realms (realm, bytes) VALUES (?, ?)')
    this.#remove = file.prepare('DELETE FROM realms WHERE realm = ?')
    this.#bytes = read(file)
  }

  /** By realm; only of those that have something. */
  get bytes(): ReadonlyMap<string, number> {
    return this.#bytes
  }

  of(realm: string): number {
    return this.#bytes.get(realm) ?? 0
  }

  /** Has to be called before each transaction. */
  begin(): void {
    this.#changes.clear()
  }

  /** @param body bytes of the body of a row that was added */
  added(realm: string, body: number): void {
    this.#change(realm, body + ROW_BYTES)
  }

  removed(realm: string, body: number): void {
    this.#change(realm, -body - ROW_BYTES)
  }

  /** A body has taken the place of another. */
  replaced(realm: string, before: number, after: number): void {
    this.#change(realm, after - before)
  }

  forget(realm: string): void {
    this.#change(realm, -this.of(realm))
  }

  /** Has to be among the last changes of a transaction. */
  save(): void {
    for (const realm of this.#changes.keys()) {
      const bytes = this.of(realm)
      if (bytes > 0) this.#save.run(realm, bytes)
      else this.#remove.run(realm)
    }
  }

  /** Has to be called when the transaction was rolled back. */
  restore(): void {
    for (const [realm, by] of this.#changes) this.#set(realm, this.of(realm) - by)
    this.#changes.clear()
  }

  #change(realm: string, by: number): void {
    this.#set(realm, this.of(realm) + by)
    this.#changes.set(realm, (this.#changes.get(realm) ?? 0) + by)
  }

  #set(realm: string, bytes: number): void {
    if (bytes > 0) this.#bytes.set(realm, bytes)
    else this.#bytes.delete(realm)
  }
}

function read({ sqlite }: HistoryFile): Map<string, number> {
  const rows = sqlite.query('SELECT realm, bytes FROM realms').all() as {
    realm: string
    bytes: number
  }[]
  return new Map(rows.map(({ realm, bytes }) => [realm, bytes]))
}
