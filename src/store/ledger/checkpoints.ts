/** Moves what is in the log of a database into the database, on a thread of its own, which may wait for the disk. */
import type { Database } from 'bun:sqlite'
import type { CheckpointReport } from './checkpoint-worker.ts'

/** As often as SQLite does it by itself (https://sqlite.org/wal.html#automatic_checkpoint). */
const PAGES = 1000

interface LogState {
  /** Pages in the log. */
  readonly log: number
  /** Of them, those that are in the database already. */
  readonly checkpointed: number
}

/** Bundled into one file, the program has the thread's code beside it, under the path that it has in the source. */
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
  /** Made at the first need: most servers write little. */
  #worker: Worker | undefined
  #running: PromiseWithResolvers<void> | undefined
  /** Pages in the log when the last one ended: no other is begun before there are as many again. */
  #pagesLeft = 0

  constructor(sqlite: Database, path: string, onTrouble: (error: unknown) => void) {
    this.#sqlite = sqlite
    this.#path = path
    this.#onTrouble = onTrouble
  }

  /** Begins one if the log has grown by enough. */
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
