/**
 * Transactions of `latchkey.db`. Nothing else in the program begins one (a test checks this), so that all writes can be
 * recorded in order and repeated on another database.
 */
import type { Database } from 'bun:sqlite'
import { isBusy } from '../../trouble.ts'

export class Transactions {
  readonly #sqlite: Database
  /** How many nested calls of `within` are running, each with its own savepoint. */
  #depth = 0

  constructor(sqlite: Database) {
    this.#sqlite = sqlite
  }

  get isOpen(): boolean {
    return this.#sqlite.inTransaction
  }

  /** Takes the write lock at the start, so that what the work reads still holds when it writes. */
  begin(): void {
    this.#sqlite.run('BEGIN IMMEDIATE')
  }

  /** @returns false while another program holds the database */
  tryBegin(): boolean {
    try {
      this.begin()
      return true
    } catch (error) {
      if (isBusy(error)) return false
      throw error
    }
  }

  /** Ends a transaction that has written nothing. */
  drop(): void {
    this.#sqlite.run('ROLLBACK')
  }

  /**
   * Runs work in the open transaction and ends it.
   * @throws what the work throws; its changes are undone then
   */
  finish<T>(work: () => T): T {
    try {
      const outcome = work()
      this.#sqlite.run(hasFailed(outcome) ? 'ROLLBACK' : 'COMMIT')
      return outcome
    } catch (error) {
      this.#undo()
      throw error
    }
  }

  /** The same for asynchronous work; everything else written meanwhile belongs to the transaction. */
  async finishLater<T>(work: () => Promise<T>): Promise<T> {
    try {
      const outcome = await work()
      this.#sqlite.run('COMMIT')
      return outcome
    } catch (error) {
      this.#undo()
      throw error
    }
  }

  /** Runs work as part of the open transaction. Where it fails, its own changes are undone and no others. */
  within<T>(work: () => T): T {
    const name = `part${this.#depth++}`
    try {
      this.#sqlite.run(`SAVEPOINT ${name}`)
      const outcome = work()
      if (hasFailed(outcome)) this.#sqlite.run(`ROLLBACK TO ${name}`)
      this.#sqlite.run(`RELEASE ${name}`)
      return outcome
    } catch (error) {
      // With a full disk SQLite has rolled back the whole transaction already.
      if (this.isOpen) this.#sqlite.run(`ROLLBACK TO ${name}; RELEASE ${name}`)
      throw error
    } finally {
      this.#depth--
    }
  }

  #undo(): void {
    if (this.isOpen) this.#sqlite.run('ROLLBACK')
  }
}

/** Whether work has returned a failure (`Result`): then its changes are undone. */
function hasFailed(outcome: unknown): boolean {
  return typeof outcome === 'object' && outcome !== null && 'ok' in outcome && outcome.ok === false
}
