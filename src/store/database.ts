/** Opens `latchkey.db`, brings its schema up to date and keeps it safe while doing so. */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { type BunSQLiteDatabase, drizzle } from 'drizzle-orm/bun-sqlite'
import { migrations } from './migrations.ts'
import { closeSqliteFile, migrate, openSqliteFile } from './sqlite-file.ts'

export const DATABASE_FILE = 'latchkey.db'

const SHAPE = { migrations, keepsCopy: true, pragmas: [] }

export interface Store {
  readonly sqlite: Database
  readonly db: BunSQLiteDatabase
}

/**
 * Opens the database of a data folder, making it on first use.
 * @throws StartError if the file cannot be opened or comes from a newer version
 */
export function openStore(folder: string): Store {
  const sqlite = openSqliteFile(join(folder, DATABASE_FILE), SHAPE)
  return { sqlite, db: drizzle(sqlite) }
}

/** Opens a database in memory, which ends with the process. */
export function openMemoryStore(): Store {
  const sqlite = new Database(':memory:', { strict: true })
  sqlite.run('PRAGMA foreign_keys = ON')
  migrate(sqlite, ':memory:', SHAPE)
  return { sqlite, db: drizzle(sqlite) }
}

/** The schema version that this program writes. */
export const SCHEMA_VERSION = migrations.length

/** Closes without throwing, for callers with a more important error to report. */
export function closeStoreQuietly(store: Store): void {
  try {
    closeStore(store)
  } catch {
    // The process is about to end, which closes the file anyway.
  }
}

export function closeStore({ sqlite }: Store): void {
  closeSqliteFile(sqlite)
}
