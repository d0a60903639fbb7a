/**
 * Transactions of `latchkey.db`: work is written whole or not at all. Nothing else in the program begins one, so that
 * everything that is written can be recorded in order, and written again elsewhere.
 */
import type { Database } from 'bun:sqlite'
import { isBusy } from '../../trouble.ts'

export class Transactions {
  readonly #sqlite: Database
  /** How many pieces of work have begun within the transaction, each with a savepoint of its own. */
  #depth = 0

  constructor(sqlite: Database) {
    this.#sqlite = sqlite
  }

  get isOpen(): boolean {
    return this.#sqlite.inTransaction
  }

  /** Begins one that has the write lock from the start: what was read to decide still holds when it is written. */
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

  /** Ends one that has written nothing. */
  drop(): void {
    this.#sqlite.run('ROLLBACK')
  }

  /**
   * Ends the transaction that has begun with a piece of work.
   * @throws what the work throws, which has written nothing then
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

  /** The same for work that waits for something, while which everything else that is written is a part of it. */
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

  /** Runs a piece of work within the open transaction; where it fails, what it has written is undone, and no more. */
  within<T>(work: () => T): T {
    const name = `part${this.#depth++}`
    try {
      this.#sqlite.run(`SAVEPOINT ${name}`)
      const outcome = work()
      if (hasFailed(outcome)) this.#sqlite.run(`ROLLBACK TO ${name}`)
      this.#sqlite.run(`RELEASE ${name}`)
      return outcome
    } catch (error) {
      // SQLite has rolled back everything already when the disk is full.
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

/** Whether work has answered with a failure (`Result`), which says that nothing is to be changed. */
function hasFailed(outcome: unknown): boolean {
  return typeof outcome === 'object' && outcome !== null && 'ok' in outcome && outcome.ok === false
}
