/** Moves the write-ahead log of a database into the database (a checkpoint) on a thread of its own, which may wait for the disk. */
import type { Database } from 'bun:sqlite'
import type { CheckpointReport } from './checkpoint-worker.ts'

/** SQLite's own default (https://sqlite.org/wal.html#automatic_checkpoint). */
const PAGES = 1000

interface LogState {
  /** Pages in the log. */
  readonly log: number
  /** How many of them are in the database already. */
  readonly checkpointed: number
}

/** In an executable, the worker's code lies under its path in the source; otherwise beside this file. */
const WORKER = new URL(
  import.meta.path.includes('$bunfs') || import.meta.path.includes('~BUN')
    ? './store/ledger/checkpoint-worker.ts'
    : './checkpoint-worker.ts',
  import.meta.url,
)

export class Checkpoints {
  readonly #sqlite: Database
  readonly #path: string
  readonly #onTrouble: (error: unknown) => void
  /** Started at the first checkpoint: many servers write little. */
  #worker: Worker | undefined
  #running: PromiseWithResolvers<void> | undefined
  /** Pages left in the log by the last checkpoint; the next begins when as many again have been added. */
  #pagesLeft = 0

  constructor(sqlite: Database, path: string, onTrouble: (error: unknown) => void) {
    this.#sqlite = sqlite
    this.#path = path
    this.#onTrouble = onTrouble
  }

  /** Begins a checkpoint if the log has grown by enough. */
  consider(): void {
    if (this.#running) return
    const { log, checkpointed } = this.#sqlite
      .query('PRAGMA wal_checkpoint(NOOP)')
      .get() as LogState
    if (log - checkpointed - this.#pagesLeft >= PAGES) this.#begin()
  }

  #begin(): void {
    const running = Promise.withResolvers<void>()
    this.#running = running
    this.#worker ??= this.#start()
    this.#worker.postMessage(this.#path)
  }

  #start(): Worker {
    const worker = new Worker(WORKER)
    worker.addEventListener('message', ({ data }: MessageEvent<CheckpointReport>) => {
      this.#pagesLeft = data.pagesLeft
      const { trouble } = data
      if (trouble) this.#onTrouble(Object.assign(new Error(trouble.message), trouble))
      this.#end()
    })
    worker.addEventListener('error', (event) => {
      this.#onTrouble(new Error(event.message))
      this.#worker = undefined
      this.#end()
    })
    worker.unref()
    return worker
  }

  #end(): void {
    this.#running?.resolve()
    this.#running = undefined
  }

  async close(): Promise<void> {
    await this.#running?.promise
    this.#worker?.terminate()
  }
}
