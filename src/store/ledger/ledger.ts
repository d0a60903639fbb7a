/**
 * The only way to write settings. A writer passes a function, which reads, decides and writes in one transaction. Its
 * statements must depend on nothing but their parameters and the database (clock and randomness come from outside), so
 * that repeating them in order on another database gives the same tables. Here they run at once, on the only database.
 */
import { join } from 'node:path'
import type { Soon } from '../../core/soon.ts'
import { DATABASE_FILE, type Store } from '../database.ts'
import { Durability } from './durability.ts'
import { LockQueue } from './lock-queue.ts'
import { Transactions } from './transactions.ts'

const LOOK_EVERY_MS = 2000

const DONE = Promise.resolve()

export class Ledger {
  readonly #store: Store
  readonly #transactions: Transactions
  readonly #folder: string | undefined
  readonly #queue: LockQueue
  readonly #listeners: (() => void)[] = []
  #durability: Durability | undefined
  #onTrouble: (error: unknown) => void = () => {}
  /** SQLite's count of changed rows at the last look, to notice writes that `Durability` has to know of. */
  #changes = 0
  #lookTimer: Timer | undefined

  /** @param folder undefined for a database that ends with the process */
  constructor(store: Store, folder: string | undefined) {
    this.#store = store
    this.#transactions = new Transactions(store.sqlite)
    this.#folder = folder
    this.#queue = new LockQueue(
      () => this.#isFree(),
      (error) => this.#onTrouble(error),
    )
  }

  /**
   * From now on nothing blocks the event loop: neither a lock nor the disk. Commands do without and block in SQLite.
   * @param onTrouble called with errors that no caller gets
   */
  serve(onTrouble: (error: unknown) => void): void {
    if (this.#folder === undefined || this.#durability) return
    const path = join(this.#folder, DATABASE_FILE)
    this.#durability = new Durability(this.#store.sqlite, path, onTrouble)
    this.#onTrouble = onTrouble
    this.#lookTimer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  /** @param listener called after each transaction that has written settings, before its caller goes on */
  watch(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** How many writes wait for another program. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Runs work in a transaction: it waits for other programs without blocking the event loop, and answers once the
   * changes are on the disk. For requests and pages.
   * @param work must check permissions itself, because it may have waited; undone if it throws or returns a failure
   * @returns the result of the work
   * @throws BusyError (also by the promise) when another program held the database for five seconds, or what SQLite
   *   says of the disk
   */
  commit<T>(work: () => T): Soon<T> {
    const entered = this.#enter()
    return entered ? entered.then(() => this.#commit(work)) : this.#commit(work)
  }

  /**
   * Runs work at once: as part of the open transaction, such as that of `commit`, or in its own. Services write this
   * way, so that several calls can be combined in one commit.
   * @param work undone if it throws or returns a failure
   * @throws what SQLite says; on a server it does not wait for a lock
   */
  write<T>(work: () => T): T {
    if (this.#transactions.isOpen) return this.#transactions.within(work)
    this.#transactions.begin()
    const outcome = this.#transactions.finish(work)
    this.#tell()
    return outcome
  }

  /** The same for data of this server alone, such as its counts. It is no setting: other nodes must not repeat it. */
  writeLocal<T>(work: () => T): T {
    if (this.#transactions.isOpen) return this.#transactions.within(work)
    this.#transactions.begin()
    return this.#transactions.finish(work)
  }

  /**
   * Runs asynchronous work while no other program can write settings. Everything written meanwhile belongs to its
   * transaction.
   * @throws what the work throws; its changes are undone then
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#transactions.begin()
    return this.#transactions.finishLater(work)
  }

  /**
   * Resolves when no other program holds the database: a write in that turn does not meet a lock.
   * @throws as `commit`
   */
  ready(): Promise<void> {
    try {
      return this.#enter() ?? DONE
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Resolves once everything written so far is on the disk. */
  settled(): Promise<void> {
    return this.#settle() ?? DONE
  }

  #commit<T>(work: () => T): Soon<T> {
    if (this.#transactions.isOpen) return this.#transactions.within(work)
    // Another program may have taken the lock since it was found free.
    if (!this.#durability) this.#transactions.begin()
    else if (!this.#transactions.tryBegin()) return this.commit(work)
    const outcome = this.#transactions.finish(work)
    this.#tell()
    const settled = this.#settle()
    return settled ? settled.then(() => outcome) : outcome
  }

  #enter(): Promise<void> | undefined {
    if (!this.#durability) return undefined
    this.#durability.check()
    return this.#queue.enter()
  }

  #settle(): Promise<void> | undefined {
    if (!this.#durability) return undefined
    this.#noteChanges(this.#durability)
    return this.#durability.settled()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  #noteChanges(durability: Durability): void {
    const { changes } = this.#store.sqlite.query('SELECT total_changes() AS changes').get() as {
      changes: number
    }
    if (changes === this.#changes) return
    this.#changes = changes
    durability.committed()
  }

  /** Notices writes that nobody waits for, and a database file that was removed while nobody writes. */
  #look(): void {
    const durability = this.#durability!
    try {
      durability.check()
      this.#noteChanges(durability)
    } catch (error) {
      this.#onTrouble(error)
    }
  }

  #isFree(): boolean {
    // Within a transaction the lock is held already.
    if (this.#transactions.isOpen) return true
    const isFree = this.#transactions.tryBegin()
    if (isFree) this.#transactions.drop()
    return isFree
  }

  /** Refuses what is waiting; afterwards the connection blocks for locks and the disk again. */
  async close(): Promise<void> {
    clearInterval(this.#lookTimer)
    this.#queue.close()
    const durability = this.#durability
    this.#durability = undefined
    await durability?.close()
  }
}
