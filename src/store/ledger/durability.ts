/**
 * Makes commits survive a power cut without blocking the event loop: SQLite hands the log to the
 * system (`synchronous = NORMAL`, https://sqlite.org/pragma.html#pragma_synchronous), and a thread of the system's
 * pool waits until the disk has it. Nothing is moved from the log into the database on this thread either.
 */
import type { Database } from 'bun:sqlite'
import { closeSync, fdatasync, fstatSync, openSync, statSync } from 'node:fs'
import { Checkpoints } from './checkpoints.ts'

/** The open files are no longer those in the folder, so that anything written to them would be lost. */
export class FileGone extends Error {
  override readonly name = 'FileGone'
  readonly code = 'FILE_GONE'
}

const DONE = Promise.resolve()

export class Durability {
  readonly #sqlite: Database
  readonly #path: string
  readonly #checkpoints: Checkpoints
  readonly #inode: number
  readonly #log: number
  /** Whether something was committed since the last sync began. */
  #isDirty = false
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  /**
   * From now on the connection blocks neither for the disk nor for a lock.
   * @param path of the database
   * @param onTrouble called when a checkpoint fails; it is tried again later
   */
  constructor(sqlite: Database, path: string, onTrouble: (error: unknown) => void) {
    this.#sqlite = sqlite
    this.#path = path
    sqlite.run('PRAGMA busy_timeout = 0')
    sqlite.run('PRAGMA synchronous = NORMAL')
    sqlite.run('PRAGMA wal_autocheckpoint = 0')
    this.#inode = statSync(path).ino
    // No lock lies on the log itself, so closing this lets go of none (https://sqlite.org/howtocorrupt.html, 2.2).
    this.#log = openSync(`${path}-wal`, 'r')
    this.#checkpoints = new Checkpoints(sqlite, path, onTrouble)
  }

  /**
   * To be called before each commit.
   * @throws FileGone if the database or its log was removed or replaced
   */
  check(): void {
    const isThere = statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode
    const name = isThere ? `${this.#path}-wal` : this.#path
    if (!isThere || fstatSync(this.#log).nlink === 0)
      throw new FileGone(`${name} was removed or replaced while the server runs; start it again`)
  }

  /** To be called after each commit. */
  committed(): void {
    this.#isDirty = true
    this.#checkpoints.consider()
  }

  /**
   * Resolves once everything committed is on the disk.
   * @throws what the system says if it cannot be
   */
  settled(): Promise<void> {
    if (this.#next) return this.#next
    if (!this.#isDirty) return this.#running ?? DONE
    if (!this.#running) return this.#sync()
    // A running sync may have begun before the latest commit.
    this.#next = this.#running.then(
      () => this.#sync(),
      () => this.#sync(),
    )
    return this.#next
  }

  #sync(): Promise<void> {
    this.#isDirty = false
    this.#next = undefined
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#running = promise
    fdatasync(this.#log, (error) => {
      if (this.#running === promise) this.#running = undefined
      if (!error) return resolve()
      // The next commit syncs again, with what did not reach the disk.
      this.#isDirty = true
      reject(error)
    })
    // Callers of `settled` get the error; without one it must not be an unhandled rejection.
    promise.catch(() => {})
    return promise
  }

  /** Lets the connection block for the disk again, before it is closed. */
  async close(): Promise<void> {
    // A running sync must not meet another file under the same descriptor.
    await this.settled().catch(() => {})
    await this.#checkpoints.close()
    this.#sqlite.run('PRAGMA synchronous = FULL')
    closeSync(this.#log)
  }
}
