/** Opens SQLite files of the data folder, migrates them, and closes them without leaving a log behind. */
import { Database, SQLiteError } from 'bun:sqlite'
import { accessSync, chmodSync, constants, existsSync, statSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartError } from '../start-error.ts'
import { plainly } from '../trouble.ts'

export interface FileShape {
  /** SQL of each migration, in order; `user_version` of the file says how many were applied. */
  readonly migrations: readonly string[]
  /** Whether to copy the file before a migration, for going back to the previous version. */
  readonly keepsCopy: boolean
  /** Further pragmas for each connection. */
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
    // First, because the other pragmas may meet a lock of another process.
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

/** Why a file cannot be used. The file system often gives a clearer reason than SQLite. */
export function fileTrouble(path: string, error: unknown): string {
  try {
    if (statSync(path).isDirectory()) return 'it is a folder'
    // Must not open the file: closing it again would release all locks of this process on it.
    accessSync(path, constants.R_OK | constants.W_OK)
    accessSync(dirname(path), constants.W_OK)
    const { bavail, bsize } = statfsSync(dirname(path))
    // SQLite reports a log that cannot grow as an I/O error, whatever the reason.
    return isDiskFailure(error) && bavail * bsize < SCARCE_BYTES
      ? 'the disk is full'
      : plainly(error)
  } catch (why) {
    return plainly(why)
  }
}

/** With less free space than this, SQLite cannot begin a log. */
const SCARCE_BYTES = 65_536

function isDiskFailure(error: unknown): boolean {
  return error instanceof SQLiteError && error.code?.startsWith('SQLITE_IOERR') === true
}

/** Applies all missing migrations in one transaction: after a crash the file has the old schema. */
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
      // Another process may have migrated while this one waited for the lock.
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

/** Moves the log into the file before closing, so that no log is left behind. */
export function closeSqliteFile(sqlite: Database): void {
  try {
    sqlite.run('PRAGMA busy_timeout = 0')
    sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // Another process uses the database; its close moves the log.
  }
  sqlite.close()
}
