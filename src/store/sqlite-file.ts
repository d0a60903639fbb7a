/** A SQLite file of the data folder: opened for one writer, brought up to date step by step, closed without traces. */
import { Database } from 'bun:sqlite'
import { chmodSync, existsSync } from 'node:fs'
import { StartError } from '../start-error.ts'

export interface FileShape {
  /** SQL of each schema version, in order; SQLite's `user_version` counts how many a file has had. */
  readonly migrations: readonly string[]
  /** Whether a copy from before a migration is left behind, for whoever must go back. */
  readonly keepsCopy: boolean
  /** SQL for each connection, beside what every file gets. */
  readonly pragmas: readonly string[]
}

/**
 * Opens a file, making it on first use.
 * @throws StartError if it cannot be opened or comes from a newer version
 */
export function openSqliteFile(path: string, shape: FileShape): Database {
  let sqlite: Database | undefined
  try {
    const isNew = !existsSync(path)
    sqlite = new Database(path, { create: true, strict: true })
    // Waiting comes first: the other pragmas may already meet a lock of another process.
    sqlite.run('PRAGMA busy_timeout = 5000')
    for (const pragma of shape.pragmas) sqlite.run(pragma)
    sqlite.run('PRAGMA journal_mode = WAL')
    sqlite.run('PRAGMA synchronous = FULL')
    sqlite.run('PRAGMA foreign_keys = ON')
    if (isNew) chmodSync(path, 0o600)
    migrate(sqlite, path, shape)
    return sqlite
  } catch (error) {
    sqlite?.close()
    if (error instanceof StartError) throw error
    throw new StartError(`${path} cannot be opened: ${(error as Error).message}`)
  }
}

/** All in one transaction: a crash leaves the old version behind, and another process sees the old or the new one. */
export function migrate(
  sqlite: Database,
  path: string,
  { migrations, keepsCopy }: FileShape,
): void {
  const newest = migrations.length
  const found = schemaVersion(sqlite)
  if (found > newest) {
    throw new StartError(
      `${path} has schema version ${found}, which is newer than this program's ${newest}; run a newer latchkey`,
    )
  }
  if (found === newest) return
  if (found > 0 && keepsCopy) snapshot(sqlite, path, found)
  sqlite
    .transaction(() => {
      // Another process may have done it while we waited for the lock.
      for (let next = schemaVersion(sqlite); next < newest; next++) sqlite.run(migrations[next]!)
      sqlite.run(`PRAGMA user_version = ${newest}`)
    })
    .immediate()
}

export function schemaVersion(sqlite: Database): number {
  return (sqlite.query('PRAGMA user_version').get() as { user_version: number }).user_version
}

function snapshot(sqlite: Database, path: string, found: number): void {
  const copy = `${path}.v${found}-${Date.now()}`
  sqlite.query('VACUUM INTO ?').run(copy)
}

/** Leaves one whole file behind, without a log beside it. */
export function closeSqliteFile(sqlite: Database): void {
  try {
    sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // Another process is using the database; its own close will tidy up.
  }
  sqlite.close()
}
