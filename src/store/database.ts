/** Opens `latchkey.db`, brings its schema up to date and keeps it safe while doing so. */
import { Database } from 'bun:sqlite'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { type BunSQLiteDatabase, drizzle } from 'drizzle-orm/bun-sqlite'
import { StartError } from '../start-error.ts'
import { migrations } from './migrations.ts'
import * as schema from './schema.ts'

export const DATABASE_FILE = 'latchkey.db'

export interface Store {
  readonly sqlite: Database
  readonly db: BunSQLiteDatabase<typeof schema>
}

/**
 * Opens the database of a data folder, making it on first use.
 * @throws StartError if the file cannot be opened or comes from a newer version
 */
export function openStore(folder: string): Store {
  const path = join(folder, DATABASE_FILE)
  try {
    const isNew = !existsSync(path)
    const sqlite = new Database(path, { create: true, strict: true })
    // Waiting comes first: the other pragmas may already meet a lock of another process.
    sqlite.run('PRAGMA busy_timeout = 5000')
    sqlite.run('PRAGMA journal_mode = WAL')
    sqlite.run('PRAGMA synchronous = FULL')
    sqlite.run('PRAGMA foreign_keys = ON')
    if (isNew) chmodSync(path, 0o600)
    migrate(sqlite, path)
    return { sqlite, db: drizzle(sqlite, { schema }) }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`${path} cannot be opened: ${(error as Error).message}`)
  }
}

/** A database without a file, which ends with the process. */
export function openMemoryStore(): Store {
  const sqlite = new Database(':memory:', { strict: true })
  sqlite.run('PRAGMA foreign_keys = ON')
  migrate(sqlite, ':memory:')
  return { sqlite, db: drizzle(sqlite, { schema }) }
}

/** The schema version that this program writes; SQLite's `user_version` holds that of a file. */
export const SCHEMA_VERSION = migrations.length

/** All in one transaction: a crash leaves the old version behind, and another process sees the old or the new one. */
function migrate(sqlite: Database, path: string): void {
  const found = version(sqlite)
  if (found > SCHEMA_VERSION) {
    throw new StartError(
      `${path} has schema version ${found}, which is newer than this program's ${SCHEMA_VERSION}; run a newer latchkey`,
    )
  }
  if (found === SCHEMA_VERSION) return
  if (found > 0) snapshot(sqlite, path, found)
  sqlite
    .transaction(() => {
      // Another process may have done it while we waited for the lock.
      for (let next = version(sqlite); next < SCHEMA_VERSION; next++) sqlite.run(migrations[next]!)
      sqlite.run(`PRAGMA user_version = ${SCHEMA_VERSION}`)
    })
    .immediate()
}

function version(sqlite: Database): number {
  return (sqlite.query('PRAGMA user_version').get() as { user_version: number }).user_version
}

/** A copy from before the migration, for whoever must go back. */
function snapshot(sqlite: Database, path: string, found: number): void {
  const copy = `${path}.v${found}-${Date.now()}`
  sqlite.query('VACUUM INTO ?').run(copy)
}

/** Leaves one whole file behind, without a log beside it. */
export function closeStore({ sqlite }: Store): void {
  try {
    sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // Another process is using the database; its own close will tidy up.
  }
  sqlite.close()
}
