/** Keeps the namespaces that the policy looks up equal to the database, whichever process changes it. */
import type { Reservation } from '../policy/channel-access.ts'
import { NamespaceIndex, isBoundary } from '../policy/namespaces.ts'
import type { Store } from '../store/database.ts'
import { type ReservationRow, ReservationTable } from '../store/reservations.ts'
import type { Follower } from './change-watcher.ts'
import { optionsOf } from './reservations.ts'

/** Told which channel names a change may concern. */
export type RulesListener = (concerns: (channelName: string) => boolean) => void

export class LiveRules implements Follower {
  readonly kind = 'reservation'
  readonly namespaces: NamespaceIndex<Reservation>
  readonly #table: ReservationTable
  readonly #listener: RulesListener

  /** @param seed see `NamespaceIndex` */
  constructor(store: Store, seed: number, listener: RulesListener) {
    this.#table = new ReservationTable(store)
    this.#listener = listener
    this.namespaces = new NamespaceIndex(seed)
  }

  apply(changed: readonly string[]): void {
    for (const namespace of changed) {
      const row = this.#table.byNamespace(namespace)
      if (row) this.namespaces.set(namespace, toRule(row))
      else this.namespaces.delete(namespace)
    }
    this.#listener((name) => changed.some((namespace) => covers(namespace, name)))
  }

  reload(): void {
    for (const { namespace } of this.namespaces.values()) {
      if (!this.#table.byNamespace(namespace)) this.namespaces.delete(namespace)
    }
    fill(this.namespaces, this.#table)
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

/** A stored reservation as the policy knows it. */
export function toRule(row: ReservationRow): Reservation {
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
