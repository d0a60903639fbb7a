/** A SQLite file of the data folder: opened for one writer, brought up to date step by step, closed without traces. */
import { Database, SQLiteError } from 'bun:sqlite'
import { accessSync, chmodSync, constants, existsSync, statSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartError } from '../start-error.ts'
import { plainly } from '../trouble.ts'

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
    throw new StartError(`${path} cannot be opened: ${fileTrouble(path, error)}`, { cause: error })
  }
}

/** What keeps a file from being used. The system often knows better than SQLite. */
export function fileTrouble(path: string, error: unknown): string {
  try {
    if (statSync(path).isDirectory()) return 'it is a folder'
    // Not by opening it: closing it again would let go of every lock that this process has on it.
    accessSync(path, constants.R_OK | constants.W_OK)
    accessSync(dirname(path), constants.W_OK)
    const { bavail, bsize } = statfsSync(dirname(path))
    // A log that cannot grow is a failure of the disk to SQLite, whatever the reason.
    return isDiskFailure(error) && bavail * bsize < SCARCE_BYTES
      ? 'the disk is full'
      : plainly(error)
  } catch (why) {
    return plainly(why)
  }
}

/** No log of SQLite begins with less. */
const SCARCE_BYTES = 65_536

function isDiskFailure(error: unknown): boolean {
  return error instanceof SQLiteError && error.code?.startsWith('SQLITE_IOERR') === true
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
    sqlite.run('PRAGMA busy_timeout = 0')
    sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // Another process is using the database; its own close will tidy up.
  }
  sqlite.close()
}
