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

  constructor(store: Store, seed: number, listener: RulesListener) {
    this.#store = store
    this.#table = new ReservationTable(store)
    this.#listener = listener
    this.namespaces = new NamespaceIndex(seed)
  }

  /** Reads everything once, then looks for changes of other processes. */
  start(): void {
    this.load()
    this.#timer = setInterval(() => this.#poll(), POLL_MS)
  }

  /** Reads everything once. */
  load(): void {
    this.#dataVersion = this.#readDataVersion()
    this.#seen = this.#table.lastChange()
    for (const row of this.#table.list(undefined)) this.namespaces.set(row.namespace, toRule(row))
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
    const version = this.#readDataVersion()
    if (version === this.#dataVersion) return
    this.#dataVersion = version
    this.refresh()
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
    const rows = this.#table.list(undefined)
    const kept = new Set(rows.map((row) => row.namespace))
    for (const { namespace } of this.namespaces.values()) {
      if (!kept.has(namespace)) this.namespaces.delete(namespace)
    }
    for (const row of rows) this.namespaces.set(row.namespace, toRule(row))
    this.#seen = this.#table.lastChange()
    this.#listener(() => true)
  }
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
