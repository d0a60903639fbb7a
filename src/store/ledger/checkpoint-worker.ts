/** The thread that waits for the disk while a log is moved into its database. */
import { Database } from 'bun:sqlite'
import { parentPort } from 'node:worker_threads'

export interface CheckpointReport {
  /** Pages that somebody who reads still needs in the log. */
  readonly pagesLeft: number
  readonly trouble: { readonly message: string; readonly code: string | undefined } | undefined
}

/** How long it waits for those who write; nobody waits for it. */
const PATIENCE_MS = 5000
/** With fewer left, writers are kept out for a moment; if they are too quick for that, after so many rounds. */
const FEW_PAGES = 100
const ROUNDS = 5

parentPort?.on('message', (path: string) => parentPort?.postMessage(checkpoint(path)))

function checkpoint(path: string): CheckpointReport {
  let database: Database | undefined
  try {
    database = new Database(path, { readwrite: true, create: false })
    database.run(`PRAGMA busy_timeout = ${PATIENCE_MS}`)
    // SQLite then waits for the disk where it has to be sure of an order, and nowhere else.
    database.run('PRAGMA synchronous = NORMAL')
    const pagesLeft = move(database)
    if (pagesLeft === 0) beginAnew(database)
    return { pagesLeft, trouble: undefined }
  } catch (error) {
    const { message, code } = error as Error & { readonly code?: string }
    return { pagesLeft: 0, trouble: { message, code } }
  } finally {
    database?.close()
  }
}

/**
 * Most of it while others write on. The rest with the lock that writers need, or a log that is always written to
 * would never end: they come back a moment later.
 */
function move(database: Database): number {
  for (let round = 0; round < ROUNDS && run(database, 'PASSIVE') > FEW_PAGES; round++);
  return run(database, 'RESTART')
}

/** @returns pages that are in the log and not in the database */
function run(database: Database, mode: 'PASSIVE' | 'RESTART'): number {
  const { log, checkpointed } = database.query(`PRAGMA wal_checkpoint(${mode})`).get() as {
    log: number
    checkpointed: number
  }
  return Math.max(0, log - checkpointed)
}

/** Whoever writes first after that begins the log anew, and waits for the disk: here, where nobody minds. */
function beginAnew(database: Database): void {
  database
    .transaction(() => {
      const { user_version: version } = database.query('PRAGMA user_version').get() as {
        user_version: number
      }
      database.run(`PRAGMA user_version = ${version}`)
    })
    .immediate()
}
