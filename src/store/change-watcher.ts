/** Finds out which settings have changed, by this process or another, and tells the directories in memory. */
import { type ChangeKind, changedSince, lastChange } from './tables/changes.ts'
import type { Store } from './database.ts'

/** Changes by other processes apply within a second; this leaves room for that. */
const POLL_MS = 200

/** A directory in memory of one kind of entity. */
export interface Follower {
  readonly kind: ChangeKind
  /** Reads these entities again, which were added, changed or removed. */
  apply(entities: readonly string[]): void
  /** Reads everything: at the start, and when more has changed than the list of changes holds. */
  reload(): void
}

export class ChangeWatcher {
  readonly #store: Store
  readonly #followers: readonly Follower[]
  readonly #onBug: (error: unknown) => void
  #seen = 0
  #dataVersion = 0
  #timer: Timer | undefined

  /** @param onBug called when a poll fails; the next one tries again */
  constructor(store: Store, followers: readonly Follower[], onBug: (error: unknown) => void) {
    this.#store = store
    this.#followers = followers
    this.#onBug = onBug
  }

  /** Lets every follower read everything once, then polls for changes by other processes. */
  start(): void {
    this.#dataVersion = this.#readDataVersion()
    this.#reload()
    this.#timer = setInterval(() => this.#poll(), POLL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Applies what has changed since the last call; the ledger calls it after this process's own writes. */
  refresh(): void {
    // Uncommitted changes could still be undone; the commit calls again.
    if (this.#store.sqlite.inTransaction) return
    const changes = changedSince(this.#store, this.#seen)
    if (changes === undefined) return this.#reload()
    const last = changes.at(-1)
    if (last === undefined) return
    for (const follower of this.#followers) {
      const own = changes.filter(({ kind }) => kind === follower.kind)
      if (own.length > 0) follower.apply([...new Set(own.map(({ entity }) => entity))])
    }
    // Only now, so that what could not be applied is tried again at the next poll.
    this.#seen = last.seq
  }

  /** Checks SQLite's data version first, which changes when another connection has written: cheaper than a query. */
  #poll(): void {
    try {
      const version = this.#readDataVersion()
      if (version === this.#dataVersion) return
      this.refresh()
      this.#dataVersion = version
    } catch (error) {
      this.#onBug(error)
    }
  }

  #readDataVersion(): number {
    const row = this.#store.sqlite.query('PRAGMA data_version').get() as { data_version: number }
    return row.data_version
  }

  #reload(): void {
    const last = lastChange(this.#store)
    for (const follower of this.#followers) follower.reload()
    this.#seen = last
  }
}
