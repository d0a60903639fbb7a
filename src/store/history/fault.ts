/** Why the history could not be written. */
import { SQLiteError } from 'bun:sqlite'

/** Says what is wrong with the disk or the file; holds nothing of what was to be written. */
export class HistoryFault extends Error {
  override readonly name = 'HistoryFault'
}

/** SQLite's codes for what lies outside the program, and what an operator would call it. */
const DISK: readonly (readonly [code: string, meaning: string])[] = [
  ['SQLITE_FULL', 'the disk is full'],
  ['SQLITE_IOERR', 'the disk failed'],
  ['SQLITE_READONLY', 'it is read-only'],
  ['SQLITE_PERM', 'it may not be written'],
  ['SQLITE_CANTOPEN', 'it cannot be opened'],
  ['SQLITE_BUSY', 'another program holds it'],
  ['SQLITE_CORRUPT', 'it is damaged'],
  ['SQLITE_NOTADB', 'it is damaged'],
]

function diskTrouble(error: unknown): string | undefined {
  if (!(error instanceof SQLiteError)) return undefined
  const code = error.code ?? ''
  return DISK.find(([begin]) => code.startsWith(begin))?.[1]
}

/** Whether trying again with less would be of no use. */
export function concernsDisk(error: unknown): boolean {
  return diskTrouble(error) !== undefined
}

export function faultOf(error: unknown): HistoryFault {
  if (error instanceof HistoryFault) return error
  const why = diskTrouble(error) ?? (error instanceof Error ? error.message : String(error))
  return new HistoryFault(`history.db cannot be written: ${why}`, { cause: error })
}
