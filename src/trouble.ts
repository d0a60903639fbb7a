/** What an operator would call the errors of SQLite and of the system that lie outside the program. */
import { type Failure, failure } from './failure.ts'

type Meanings = readonly (readonly [code: string, meaning: string])[]

/** By the beginning of the code: SQLite adds more words to some (https://sqlite.org/rescode.html). */
const MEANINGS: Meanings = [
  ['SQLITE_FULL', 'the disk is full'],
  ['SQLITE_IOERR', 'the disk failed'],
  ['SQLITE_READONLY', 'it is read-only'],
  ['SQLITE_PERM', 'it may not be written'],
  ['SQLITE_AUTH', 'it may not be written'],
  ['SQLITE_CANTOPEN', 'it cannot be opened'],
  ['SQLITE_BUSY', 'another program holds it'],
  ['SQLITE_LOCKED', 'another program holds it'],
  ['SQLITE_PROTOCOL', 'another program holds it'],
  ['SQLITE_CORRUPT', 'it is damaged'],
  ['SQLITE_NOTADB', 'it is damaged, or no database'],
  ['FILE_GONE', 'it was removed or replaced while the server runs'],
  ['SQLITE_NOLFS', 'it is too large for this disk'],

  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'it is too large for this disk'],
  ['EIO', 'the disk failed'],
  ['EROFS', 'the disk is read-only'],
  ['EACCES', 'this user has no permission'],
  ['EPERM', 'this user has no permission'],
  ['EISDIR', 'it is a folder'],
  ['ERR_FS_EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of its path is not a folder'],
  ['ENOENT', 'it does not exist'],
  ['ENAMETOOLONG', 'its path is too long'],
  ['ELOOP', 'its links lead nowhere'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
  ['EPIPE', 'whoever read it has gone'],
]

/** @returns undefined for what is a fault of the program */
export function troubleOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = codeOf(error)
  return MEANINGS.find(([begin]) => code.startsWith(begin))?.[1]
}

/** Whether SQLite says it, and not the system. */
export function isSqliteTrouble(error: unknown): boolean {
  return error instanceof Error && codeOf(error).startsWith('SQLITE_')
}

/** Another program held a database for as long as anybody would wait. */
export class BusyError extends Error {
  override readonly name = 'BusyError'
  readonly code = 'SQLITE_BUSY'

  constructor() {
    super('database is locked')
  }
}

/** Whether another program holds a lock, which it may let go at any moment. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(codeOf(error))
}

/** Whether pages of a database hold something else than was written. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error && /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error))
}

/** What is to be answered where settings cannot be read or written; undefined for a fault of the program. */
export function settingsFailure(error: unknown): Failure | undefined {
  if (isBusy(error)) return failure('busy')
  const trouble = troubleOf(error)
  const isOfSettings = error instanceof Error && /^(SQLITE|FILE_GONE)/.test(codeOf(error))
  if (trouble === undefined || !isOfSettings) return undefined
  return failure('settings_unusable', `the settings of the server cannot be used: ${trouble}`)
}

/** Does something now that is of use but not worth waiting for: a lock or a bad disk may keep it from being done. */
export function quietly(action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!isSqliteTrouble(error)) throw error
  }
}

function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}

/** For whoever can go on without what failed: what it was, in the words above where there are any. */
export function plainly(error: unknown): string {
  return troubleOf(error) ?? (error instanceof Error ? error.message : String(error))
}
