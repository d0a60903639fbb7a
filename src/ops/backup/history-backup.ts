/** The part of a backup that holds `history.db`: a file of its own, because it may be a thousand times as large. */
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Result, fail, ok } from '../../failure.ts'
import { plainly } from '../../trouble.ts'
import { HISTORY_FILE, HISTORY_SCHEMA } from '../../store/history/history-file.ts'
import {
  type Draft,
  draftCopy,
  inspectCopy,
  putInPlace,
  readableSchema,
  single,
} from './sqlite-copy.ts'

export interface HistoryReport {
  readonly file: string
  readonly bytes: number
  readonly schema: number
  readonly channels: number
  /** Messages and changes of presence. */
  readonly entries: number
}

/** Where the history of a backup lies. */
export function historyPart(file: string): string {
  return `${file}.history`
}

/** @returns undefined where there is no history to copy */
export function draftHistory(folder: string, file: string): Result<Draft | undefined> {
  const source = join(folder, HISTORY_FILE)
  if (!existsSync(source)) return ok(undefined)
  let sqlite: Database | undefined
  try {
    sqlite = new Database(source, { readwrite: true })
    sqlite.run('PRAGMA busy_timeout = 5000')
    return draftCopy(sqlite, file)
  } catch (error) {
    return fail('invalid', `${source} cannot be opened: ${plainly(error)}`)
  } finally {
    sqlite?.close()
  }
}

export function verifyHistory(file: string): Result<HistoryReport> {
  return inspectCopy(file, (database) => {
    const schema = readableSchema(database, file, HISTORY_SCHEMA)
    if (!schema.ok) return schema
    return ok({
      file,
      bytes: Bun.file(file).size,
      schema: schema.value,
      channels: Number(single(database, 'SELECT count(*) FROM channels')),
      entries: Number(single(database, 'SELECT count(*) FROM entries')),
    })
  })
}

/** @returns the name under which the replaced history was kept, if there was one */
export function restoreHistory(file: string, folder: string, now: number): string | undefined {
  return putInPlace(file, join(folder, HISTORY_FILE), now)
}
