/** Copies of SQLite files: taken while others read and write, looked into without a trace, put in the place of another. */
import { Database } from 'bun:sqlite'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Result, fail, ok } from '../../failure.ts'

/** A file, and what SQLite may have beside it. */
const SUFFIXES = ['', '-wal', '-shm']

/** Writes a consistent copy; the file must not exist yet, and is there as a whole or not at all. */
export function writeCopy(sqlite: Database, file: string): Result<true> {
  if (existsSync(file)) return fail('invalid', `${file} exists already`)
  const draft = `${file}.${process.pid}.new`
  try {
    sqlite.query('VACUUM INTO ?').run(draft)
    chmodSync(draft, 0o600)
    sync(draft)
    renameSync(draft, file)
    return ok(true)
  } catch (error) {
    return fail('invalid', `${file} cannot be written: ${(error as Error).message}`)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Checks every page of a file, and then what `inspect` looks at. */
export function inspectCopy<T>(
  file: string,
  inspect: (database: Database) => Result<T>,
): Result<T> {
  if (!existsSync(file)) return fail('invalid', `${file} does not exist`)
  // On a copy, because SQLite may write beside a file that it opens.
  const copy = `${file}.${process.pid}.check`
  let database: Database | undefined
  try {
    copyFileSync(file, copy)
    database = new Database(copy, { readwrite: true })
    const integrity = single(database, 'PRAGMA integrity_check')
    if (integrity === 'ok') return inspect(database)
    // It lists every page that is wrong; one line tells enough.
    return fail('invalid', `${file} is damaged: ${String(integrity).split('\n').at(-1)}`)
  } catch (error) {
    return fail('invalid', `${file} is not a usable backup: ${(error as Error).message}`)
  } finally {
    database?.close()
    for (const suffix of SUFFIXES) rmSync(copy + suffix, { force: true })
  }
}

/** The first value of the first row. */
export function single(database: Database, sql: string): unknown {
  return Object.values(database.query(sql).get() as object)[0]
}

/** Whether this program can read a file of that schema version; 0 is that of any other program's database. */
export function readableSchema(database: Database, file: string, newest: number): Result<number> {
  const schema = Number(single(database, 'PRAGMA user_version'))
  if (schema === 0) return fail('invalid', `${file} is a database, but not one of latchkey`)
  if (schema > newest) return fail('invalid', `${file} comes from a newer version of latchkey`)
  return ok(schema)
}

/**
 * Puts a copy of a file in the place of another, which nobody may be using.
 * @returns the name under which the replaced file was kept, if there was one
 */
export function putInPlace(file: string, target: string, now: number): string | undefined {
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
  const draft = `${target}.${process.pid}.new`
  copyFileSync(file, draft)
  chmodSync(draft, 0o600)
  sync(draft)
  const kept = keepOld(target, now)
  renameSync(draft, target)
  sync(dirname(target))
  return kept
}

/** Its log must go with it: left in place, SQLite would play it into the restored file. */
function keepOld(target: string, now: number): string | undefined {
  if (!existsSync(target)) return undefined
  const kept = `${target}.replaced-${now}`
  for (const suffix of SUFFIXES) {
    if (existsSync(target + suffix)) renameSync(target + suffix, kept + suffix)
  }
  return kept
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
