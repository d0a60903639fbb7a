/** The thread that makes checkpoints, and waits for the disk while it does. */
import { Database } from 'bun:sqlite'
import { parentPort } from 'node:worker_threads'

export interface CheckpointReport {
  /** Pages that could not be moved because a reader still needs them. */
  readonly pagesLeft: number
  readonly trouble: { readonly message: string; readonly code: string | undefined } | undefined
}

/** How long it waits for writers. Nobody waits for it. */
const PATIENCE_MS = 5000
/** With fewer pages left than this, or after this many rounds, it takes the write lock for the rest. */
const FEW_PAGES = 100
const ROUNDS = 5

parentPort?.on('message', (path: string) => parentPort?.postMessage(checkpoint(path)))

function checkpoint(path: string): CheckpointReport {
  let database: Database | undefined
  try {
    database = new Database(path, { readwrite: true, create: false })
    database.run(`PRAGMA busy_timeout = ${PATIENCE_MS}`)
    // With this setting SQLite syncs only where the order of writes matters.
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
 * Moves most pages while others go on writing, and the rest under the write lock: a log that is always appended to
 * would otherwise never be emptied.
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

/** The first write after a checkpoint restarts the log and syncs it, so this thread makes it. */
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
