/** Reservations in memory, where the policy looks them up, kept equal to the database whichever process changes it. */
import type { Reservation } from '../../policy/channel-access.ts'
import { FoldedNames, covers, coversAsWritten, foldName } from '../../policy/names.ts'
import { overruled } from '../../policy/reservation.ts'
import type { Store } from '../../store/database.ts'
import { type ReservationRow, ReservationTable } from '../../store/tables/reservations.ts'
import type { Follower } from '../../store/change-watcher.ts'
import { optionsOf } from './reservation-fields.ts'
import { rowsAround } from './reserved-names.ts'

/** Called after a change, with a test for the channel names that it may concern. */
export type RulesListener = (concerns: (channelName: string) => boolean) => void

export class ReservationDirectory implements Follower {
  readonly kind = 'reservation'
  readonly namespaces: FoldedNames<Reservation>
  readonly #table: ReservationTable
  readonly #listener: RulesListener

  /** @param seed see `NamespaceIndex` */
  constructor(store: Store, seed: number, listener: RulesListener) {
    this.#table = new ReservationTable(store)
    this.#listener = listener
    this.namespaces = new FoldedNames(seed)
  }

  apply(changed: readonly string[]): void {
    for (const namespace of changed) this.#read(namespace)
    const folded = changed.map(foldName)
    this.#listener((channel) => {
      const name = foldName(channel)
      return folded.some((namespace) => coversAsWritten(namespace, name))
    })
  }

  reload(): void {
    for (const { namespace } of this.namespaces.values()) this.namespaces.delete(namespace)
    fill(this.namespaces, this.#table.list(undefined))
    this.#listener(() => true)
  }

  /** Reads a namespace and those below it: a removed namespace may have overruled them. */
  #read(namespace: string): void {
    const rows = rowsAround(this.#table, namespace)
    this.namespaces.delete(namespace)
    for (const row of rows)
      if (covers(namespace, row.namespace)) this.namespaces.delete(row.namespace)
    fill(this.namespaces, rows)
  }
}

/** A snapshot of all reservations for the policy. */
export function readNamespaces(store: Store): FoldedNames<Reservation> {
  return rulesOf(new ReservationTable(store).list(undefined))
}

/** Some reservations for the policy, as if there were no others. */
export function rulesOf(rows: readonly ReservationRow[]): FoldedNames<Reservation> {
  const rules = new FoldedNames<Reservation>()
  fill(rules, rows)
  return rules
}

function fill(namespaces: FoldedNames<Reservation>, rows: readonly ReservationRow[]): void {
  const lost = overruled(rows)
  for (const row of rows) if (!lost.has(row)) namespaces.set(row.namespace, toRule(row))
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
