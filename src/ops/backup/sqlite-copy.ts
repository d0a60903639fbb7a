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
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Result, fail, ok } from '../../failure.ts'
import { isDamage, plainly } from '../../trouble.ts'

/** A file, and what SQLite may have beside it. */
const SUFFIXES = ['', '-wal', '-shm', '-journal']

/** A copy that is on the disk, and not yet in its place. */
export interface Draft {
  /** Puts it there, as a whole. */
  publish(): void
  discard(): void
}

/**
 * Writes a consistent copy under a temporary name beside its final path, which must not exist yet.
 * @param seal changes the copy before it is flushed to the disk
 */
export function draftCopy(
  sqlite: Database,
  file: string,
  seal?: (copy: Database) => void,
): Result<Draft> {
  if (existsSync(file)) return fail('invalid', `${file} exists already`)
  const draft = `${file}.${process.pid}.new`
  const discard = () => {
    for (const suffix of SUFFIXES) rmSync(draft + suffix, { force: true })
  }
  try {
    removeAbandoned(file)
    sqlite.query('VACUUM INTO ?').run(draft)
    if (seal) change(draft, seal)
    chmodSync(draft, 0o600)
    sync(draft)
  } catch (error) {
    discard()
    return fail('invalid', whatFailed(error, sqlite.filename, file))
  }
  return ok({ publish: () => renameSync(draft, file), discard })
}

/** Only what is copied can be damaged: what it is copied to is new. */
function whatFailed(error: unknown, source: string, file: string): string {
  return isDamage(error)
    ? `${source} cannot be read: ${plainly(error)}`
    : `${file} cannot be written: ${plainly(error)}`
}

function change(path: string, action: (database: Database) => void): void {
  const database = new Database(path, { readwrite: true })
  try {
    action(database)
  } finally {
    database.close()
  }
}

/** What others have begun to write or to check there, and were killed while they did, long ago. */
function removeAbandoned(file: string): void {
  const folder = dirname(file)
  for (const name of readdirSync(folder)) {
    const isDraft = name.startsWith(`${basename(file)}.`) && DRAFT.test(name)
    const at = isDraft
      ? statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs
      : undefined
    if (at !== undefined && Date.now() - at > ABANDONED_MS)
      rmSync(join(folder, name), { force: true })
  }
}

const DRAFT = /\.\d+\.(?:new|check)(?:-wal|-shm|-journal)?$/
/** Whoever still writes one has touched it since. */
const ABANDONED_MS = 86_400_000

/** Checks every page of a file, and then what `inspect` looks at. */
export function inspectCopy<T>(
  file: string,
  inspect: (database: Database) => Result<T>,
): Result<T> {
  if (!existsSync(file)) return fail('invalid', `${file} does not exist`)
  // A copy is checked, because SQLite may write files beside the one that it opens.
  const copy = `${file}.${process.pid}.check`
  let database: Database | undefined
  try {
    copyFileSync(file, copy)
    database = new Database(copy, { readwrite: true })
    const integrity = single(database, 'PRAGMA integrity_check')
    if (integrity === 'ok') return inspect(database)
    // SQLite lists every damaged page; the last line is enough.
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
