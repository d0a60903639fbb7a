/** Keeps the namespaces that the policy looks up equal to the database, whichever process changes it. */
import type { Reservation } from '../policy/channel-access.ts'
import { NamespaceIndex, isBoundary } from '../policy/namespaces.ts'
import type { Store } from '../store/database.ts'
import { type ReservationRow, ReservationTable } from '../store/reservations.ts'
import { optionsOf } from './reservations.ts'

/** Well under the second that a change may take to apply. */
const POLL_MS = 200

/** Told which channel names a change may concern. */
export type RulesListener = (concerns: (channelName: string) => boolean) => void

export class LiveRules {
  readonly namespaces: NamespaceIndex<Reservation>
  readonly #store: Store
  readonly #table: ReservationTable
  readonly #listener: RulesListener
  #seen = 0
  #dataVersion = 0
  #timer: Timer | undefined

  readonly #onBug: (error: unknown) => void

  /**
   * @param seed see `NamespaceIndex`
   * @param onBug told when looking for changes fails; it is tried again at the next look
   */
  constructor(
    store: Store,
    seed: number,
    listener: RulesListener,
    onBug: (error: unknown) => void,
  ) {
    this.#store = store
    this.#table = new ReservationTable(store)
    this.#listener = listener
    this.#onBug = onBug
    this.namespaces = new NamespaceIndex(seed)
  }

  /** Reads everything once, then looks for changes of other processes. */
  start(): void {
    this.#dataVersion = this.#readDataVersion()
    this.#seen = this.#table.lastChange()
    fill(this.namespaces, this.#table)
    this.#timer = setInterval(() => this.#poll(), POLL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Applies what has changed since it last looked; called after this process's own writes. */
  refresh(): void {
    const changed = this.#table.changedSince(this.#seen)
    if (changed === undefined) return this.#reload()
    if (changed.namespaces.length === 0) return
    this.#seen = changed.last
    for (const namespace of changed.namespaces) this.#apply(namespace)
    this.#listener((name) => changed.namespaces.some((namespace) => covers(namespace, name)))
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

  #apply(namespace: string): void {
    const row = this.#table.byNamespace(namespace)
    if (row) this.namespaces.set(namespace, toRule(row))
    else this.namespaces.delete(namespace)
  }

  /** After so many changes at once that their list no longer goes back far enough, or after a restored backup. */
  #reload(): void {
    for (const { namespace } of this.namespaces.values()) {
      if (!this.#table.byNamespace(namespace)) this.namespaces.delete(namespace)
    }
    fill(this.namespaces, this.#table)
    this.#seen = this.#table.lastChange()
    this.#listener(() => true)
  }
}

/** The reservations of a database as the policy looks them up, at one moment. */
export function readNamespaces(store: Store): NamespaceIndex<Reservation> {
  const namespaces = new NamespaceIndex<Reservation>()
  fill(namespaces, new ReservationTable(store))
  return namespaces
}

function fill(namespaces: NamespaceIndex<Reservation>, table: ReservationTable): void {
  for (const row of table.list(undefined)) namespaces.set(row.namespace, toRule(row))
}

function toRule(row: ReservationRow): Reservation {
  return {
    id: row.id,
    accountId: row.accountId,
    namespace: row.namespace,
    keys: {
      ...(row.joinDigest && { join: row.joinDigest }),
      ...(row.sendDigest && { send: row.sendDigest }),
    },
    options: optionsOf(row),
  }
}

export function covers(namespace: string, channel: string): boolean {
  if (!channel.startsWith(namespace)) return false
  return channel.length === namespace.length || isBoundary(channel.charCodeAt(namespace.length))
}
