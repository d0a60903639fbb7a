/**
 * The only way to write settings: whoever writes hands over a piece of work, which reads, decides and writes in one
 * transaction. Here it runs at once. What it writes depends on nothing but its parameters and the database (clock and
 * chance come from outside), so that its statements, repeated in order on another database, give the same tables.
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
  /** Rows that were written so far, as far as the disk was told of them. */
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
   * From now on nobody waits for a lock or for the disk on a turn of the event loop. A command, which serves nobody,
   * does without and waits in SQLite itself.
   * @param onTrouble told what nobody else hears of
   */
  serve(onTrouble: (error: unknown) => void): void {
    if (this.#folder === undefined || this.#durability) return
    const path = join(this.#folder, DATABASE_FILE)
    this.#durability = new Durability(this.#store.sqlite, path, onTrouble)
    this.#onTrouble = onTrouble
    this.#lookTimer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  /** @param listener told after each transaction that has written settings, before whoever made it */
  watch(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** How many writes wait for another program. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Writes settings: all that the work writes, or nothing. For requests and pages: it waits for other programs between
   * turns, and answers once the disk has what was written.
   * @param work decides anew whether it may, for it may have waited; it is undone if it throws or answers with a failure
   * @returns what the work returned
   * @throws BusyError (also by the promise) when another program held the database for five seconds, or what SQLite
   *   says of the disk
   */
  commit<T>(work: () => T): Soon<T> {
    const entered = this.#enter()
    return entered ? entered.then(() => this.#commit(work)) : this.#commit(work)
  }

  /**
   * Writes settings in this very turn: as a part of the transaction that is under way, or in one of its own. Services
   * write so, and do not know what they are a part of.
   * @param work is undone if it throws or answers with a failure
   * @throws what SQLite says, without a wait where a server runs
   */
  write<T>(work: () => T): T {
    if (this.#transactions.isOpen) return this.#transactions.within(work)
    this.#transactions.begin()
    const outcome = this.#transactions.finish(work)
    this.#tell()
    return outcome
  }

  /** The same for what one server keeps for itself, such as its counts: it is no setting, and nobody is told of it. */
  writeLocal<T>(work: () => T): T {
    if (this.#transactions.isOpen) return this.#transactions.within(work)
    this.#transactions.begin()
    return this.#transactions.finish(work)
  }

  /**
   * Does something while no other program can write settings. What is written meanwhile is part of one transaction.
   * @throws what the work throws, which has written nothing then
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#transactions.begin()
    return this.#transactions.finishLater(work)
  }

  /**
   * Once nobody else is writing: what is written in the turn that this resolves in does not meet a lock.
   * @throws as `commit`
   */
  ready(): Promise<void> {
    try {
      return this.#enter() ?? DONE
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Once the disk has everything that was written so far. */
  settled(): Promise<void> {
    return this.#settle() ?? DONE
  }

  #commit<T>(work: () => T): Soon<T> {
    if (this.#transactions.isOpen) return this.#transactions.within(work)
    // Another program can have come between the look and this, if only just.
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

  #isFree(): boolean {
    // Whoever asks within a transaction has the lock already.
    if (this.#transactions.isOpen) return true
    const isFree = this.#transactions.tryBegin()
    if (isFree) this.#transactions.drop()
    return isFree
  }

  /** Ends what waits; afterwards the connection waits for locks and the disk by itself. */
  async close(): Promise<void> {
    clearInterval(this.#lookTimer)
    this.#queue.close()
    const durability = this.#durability
    this.#durability = undefined
    await durability?.close()
  }
}
