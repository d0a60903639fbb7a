/** `history.db`, opened, with the statements that are prepared on it. */
import { Database, type SQLQueryBindings, type Statement } from 'bun:sqlite'
import { join } from 'node:path'
import { Durability } from '../ledger/durability.ts'
import { type FileShape, closeSqliteFile, migrate, openSqliteFile } from '../sqlite-file.ts'
import { migrations } from './migrations.ts'

export const HISTORY_FILE = 'history.db'

/** The schema version that this program writes. */
export const HISTORY_SCHEMA = migrations.length

/** What `entries.kind` says. */
export const KIND = { message: 0, presence: 1 } as const
export type Kind = (typeof KIND)[keyof typeof KIND]

const DONE = Promise.resolve()

const PRAGMAS = [
  // Must come before the first table; it lets the file shrink a little at a time.
  'PRAGMA auto_vacuum = INCREMENTAL',
  'PRAGMA cache_size = -16000',
  // A long backup keeps the write-ahead log from starting over; afterwards it shrinks to this.
  'PRAGMA journal_size_limit = 67108864',
]

type Prepared<Row, Values extends SQLQueryBindings[]> = ReturnType<
  typeof Database.prototype.prepare<Row, Values>
>

export class HistoryFile {
  readonly sqlite: Database
  /** For people; `:memory:` where there is no file. */
  readonly path: string
  readonly #prepared: Statement[] = []
  #durability: Durability | undefined

  /**
   * @param folder undefined for a history that ends with the process
   * @throws StartError if the file cannot be opened or comes from a newer version
   */
  constructor(folder: string | undefined) {
    // It may be large, and what is in it expires: no copy is made before a migration.
    const shape = { migrations, keepsCopy: false, pragmas: PRAGMAS }
    this.path = folder === undefined ? ':memory:' : join(folder, HISTORY_FILE)
    this.sqlite = folder === undefined ? openInMemory(shape) : openSqliteFile(this.path, shape)
  }

  /**
   * From now on nobody waits for a lock or for the disk on a turn of the event loop.
   * @param onTrouble told what nobody else hears of
   */
  serve(onTrouble: (error: unknown) => void): void {
    if (this.path === ':memory:') return
    this.#durability = new Durability(this.sqlite, this.path, onTrouble)
  }

  /** @throws FileGone if the file or its log was removed or replaced */
  check(): void {
    this.#durability?.check()
  }

  /** Once the disk has everything that was written so far. */
  settled(): Promise<void> {
    return this.#durability?.settled() ?? DONE
  }

  prepare<Row, Values extends SQLQueryBindings[]>(sql: string): Prepared<Row, Values> {
    const statement = this.sqlite.prepare<Row, Values>(sql)
    this.#prepared.push(statement)
    return statement
  }

  /** What tables and indexes take up, in bytes; pages that wait to be used again do not count. */
  usedBytes(): number {
    return (this.#number('page_count') - this.freePages()) * this.#number('page_size')
  }

  /** Pages of the file that hold nothing. */
  freePages(): number {
    return this.#number('freelist_count')
  }

  pages(): number {
    return this.#number('page_count')
  }

  #number(pragma: string): number {
    return Number(Object.values(this.sqlite.query(`PRAGMA ${pragma}`).get() as object)[0])
  }

  /** Runs a change of the file that stands or falls as a whole. */
  transact<T>(change: () => T): T {
    this.#durability?.check()
    this.sqlite.run('BEGIN IMMEDIATE')
    try {
      const result = change()
      this.sqlite.run('COMMIT')
      this.#durability?.committed()
      return result
    } catch (error) {
      // SQLite may have rolled back already, as it does when the disk is full.
      if (this.sqlite.inTransaction) this.sqlite.run('ROLLBACK')
      throw error
    }
  }

  /** For whoever has a failure to tell that matters more. */
  closeQuietly(): void {
    try {
      this.close()
    } catch {
      // The process is about to end, and takes the file with it.
    }
  }

  /** To be called before `close`, once nothing is written any more: everything written is on the disk then. */
  async stopServing(): Promise<void> {
    const durability = this.#durability
    this.#durability = undefined
    await durability?.close()
  }

  close(): void {
    // SQLite would keep the file open for any statement that is left.
    for (const statement of this.#prepared.splice(0)) statement.finalize()
    closeSqliteFile(this.sqlite)
  }
}

function openInMemory(shape: FileShape): Database {
  const sqlite = new Database(':memory:', { strict: true })
  for (const pragma of shape.pragmas) sqlite.run(pragma)
  migrate(sqlite, ':memory:', shape)
  return sqlite
}
