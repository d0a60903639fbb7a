/** The check of `doctor` for reserved names that do not hold as they seem to. It reads the database itself. */
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { type Finding, errorText, reporter } from '../../ops/doctor/finding.ts'
import { nameWarningsIn } from '../../service/reservations/reserved-names.ts'
import { DATABASE_FILE } from '../../store/database.ts'

const report = reporter('reservations')

/** Reports nothing where all names are fine. */
export function checkReservedNames({ data, inMemory }: Config): Finding[] {
  const folder = resolve(data)
  const file = join(folder, DATABASE_FILE)
  if (inMemory || !existsSync(file)) return []
  // Not as another user: SQLite would create files beside the database that the server could not write.
  if (process.getuid && statSync(file).uid !== process.getuid())
    return [report.skipped('the database belongs to another user; run doctor as that user')]
  try {
    return nameWarningsIn(folder).map(({ because, id, namespace }) =>
      report.warning(`${namespace} ${because}`, [`latchkey reservations remove ${id}`]),
    )
  } catch (error) {
    return [report.skipped(`the database cannot be read (${errorText(error)})`)]
  }
}
