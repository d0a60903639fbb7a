/** Notices what is written to the database, by this process or another, and tells those who keep it in memory. */
import { type ChangeKind, changedSince, lastChange } from './tables/changes.ts'
import type { Store } from './database.ts'

/** Well under the second that a change may take to apply. */
const POLL_MS = 200

/** Keeps one kind of thing in memory. */
export interface Follower {
  readonly kind: ChangeKind
  /** These were added, changed or removed; each is named once. */
  apply(entities: readonly string[]): void
  /** Reads everything: at the start, and when too much changed at once for a list. */
  reload(): void
}

export class ChangeWatcher {
  readonly #store: Store
  readonly #followers: readonly Follower[]
  readonly #onBug: (error: unknown) => void
  #seen = 0
  #dataVersion = 0
  #timer: Timer | undefined

  /** @param onBug told when looking for changes fails; it is tried again at the next look */
  constructor(store: Store, followers: readonly Follower[], onBug: (error: unknown) => void) {
    this.#store = store
    this.#followers = followers
    this.#onBug = onBug
  }

  /** Lets every follower read everything once, then looks for changes of other processes. */
  start(): void {
    this.#dataVersion = this.#readDataVersion()
    this.#reload()
    this.#timer = setInterval(() => this.#poll(), POLL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Applies what has changed since it last looked; called after this process's own writes. */
  refresh(): void {
    // What is not committed yet is not so yet; whoever commits it asks again.
    if (this.#store.sqlite.inTransaction) return
    const changes = changedSince(this.#store, this.#seen)
    if (changes === undefined) return this.#reload()
    const last = changes.at(-1)
    if (last === undefined) return
    for (const follower of this.#followers) {
      const own = changes.filter(({ kind }) => kind === follower.kind)
      if (own.length > 0) follower.apply([...new Set(own.map(({ entity }) => entity))])
    }
    // Only now: what could not be applied is seen again at the next look.
    this.#seen = last.seq
  }

  /** SQLite's data version moves when another connection has written: cheaper than a query. */
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
