/**
 * How settings are written: tried until no other program holds the database, between turns, and acknowledged once
 * the disk has them. Commands, which serve nobody, wait in SQLite itself.
 */
import { join } from 'node:path'
import { BusyError, isBusy } from '../../trouble.ts'
import { DATABASE_FILE, type Store } from '../database.ts'
import { Durability } from './durability.ts'

/** For so long a write is tried, and every so often. */
const PATIENCE_MS = 5000
const RETRY_MS = 20
const LOOK_EVERY_MS = 2000
/** More do not wait: they are refused at once. */
const MAX_WAITING = 1000
/** So many go on in one turn. */
const AT_ONCE = 20

interface Waiting {
  /** Of the clock that nobody sets. */
  readonly since: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const DONE = Promise.resolve()

export class Ledger {
  readonly #store: Store
  readonly #folder: string | undefined
  readonly #waiting: Waiting[] = []
  readonly #listeners: (() => void)[] = []
  #durability: Durability | undefined
  #onTrouble: (error: unknown) => void = () => {}
  /** Rows that were written so far, as far as the disk was told of them. */
  #changes = 0
  #timer: Timer | undefined
  #lookTimer: Timer | undefined

  /** @param folder undefined for a database that ends with the process */
  constructor(store: Store, folder: string | undefined) {
    this.#store = store
    this.#folder = folder
  }

  /**
   * From now on nobody waits for a lock or for the disk on a turn of the event loop.
   * @param onTrouble told what nobody else hears of
   */
  serve(onTrouble: (error: unknown) => void): void {
    if (this.#folder === undefined || this.#durability) return
    const path = join(this.#folder, DATABASE_FILE)
    this.#durability = new Durability(this.#store.sqlite, path, onTrouble)
    this.#onTrouble = onTrouble
    this.#lookTimer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  /** @param listener told after each commit, before whoever made it */
  watch(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** How many writes wait for another program. */
  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Writes settings: all that the action writes, or nothing.
   * @param action decides anew whether it may, for it may have waited; throwing undoes it
   * @returns what it returned, once the disk has it
   * @throws BusyError when another program held the database for five seconds, or what SQLite says of the disk
   */
  async commit<T>(action: () => T): Promise<T> {
    await this.ready()
    // Between the look and this nobody but another program can have come, and only just.
    if (!this.#begin()) return this.commit(action)
    const result = this.#finish(action)
    for (const listener of this.#listeners) listener()
    await this.settled()
    return result
  }

  /**
   * Once nobody else is writing: what is written in the turn that this resolves in does not meet a lock.
   * @throws as `commit`
   */
  ready(): Promise<void> {
    if (!this.#durability) return DONE
    try {
      this.#durability.check()
      if (this.#waiting.length === 0 && this.#isFree()) return DONE
    } catch (error) {
      return Promise.reject(error)
    }
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new BusyError())
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ since: performance.now(), resolve, reject })
    this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS)
    return promise
  }

  /** Once the disk has everything that was written so far. */
  settled(): Promise<void> {
    if (!this.#durability) return DONE
    this.#noteChanges(this.#durability)
    return this.#durability.settled()
  }

  #noteChanges(durability: Durability): void {
    const { changes } = this.#store.sqlite.query('SELECT total_changes() AS changes').get() as {
      changes: number
    }
    if (changes === this.#changes) return
    this.#changes = changes
    durability.committed()
  }

  /** Some things are written that nobody waits for; and the file may go while nobody writes. */
  #look(): void {
    const durability = this.#durability!
    try {
      durability.check()
      this.#noteChanges(durability)
    } catch (error) {
      this.#onTrouble(error)
    }
  }

  #begin(): boolean {
    try {
      this.#store.sqlite.run('BEGIN IMMEDIATE')
      return true
    } catch (error) {
      if (isBusy(error) && this.#durability) return false
      throw error
    }
  }

  #finish<T>(action: () => T): T {
    const { sqlite } = this.#store
    try {
      const result = action()
      sqlite.run('COMMIT')
      return result
    } catch (error) {
      // SQLite has rolled back already when the disk is full.
      if (sqlite.inTransaction) sqlite.run('ROLLBACK')
      throw error
    }
  }

  #isFree(): boolean {
    // Whoever asks within a commit has the lock already.
    if (this.#store.sqlite.inTransaction) return true
    const isFree = this.#begin()
    if (isFree) this.#store.sqlite.run('ROLLBACK')
    return isFree
  }

  #retry(): void {
    this.#timer = undefined
    try {
      if (this.#isFree()) for (const { resolve } of this.#waiting.splice(0, AT_ONCE)) resolve()
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    }
    const since = performance.now() - PATIENCE_MS
    while (this.#waiting[0] && this.#waiting[0].since < since) {
      const held = new BusyError()
      this.#waiting.shift()!.reject(held)
      this.#onTrouble(held)
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#retry(), RETRY_MS)
  }

  /** Ends what waits; afterwards the connection waits for locks and the disk by itself. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    clearInterval(this.#lookTimer)
    for (const { reject } of this.#waiting.splice(0)) reject(new BusyError())
    const durability = this.#durability
    this.#durability = undefined
    await durability?.close()
  }
}
