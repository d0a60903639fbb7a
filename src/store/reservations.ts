/** Reads and writes reservations; every write leaves a line in the list of changes. */
import { type SQL, and, asc, count, eq, gt, gte, inArray, lt, max, min, or } from 'drizzle-orm'
import type { Store } from './database.ts'
import { changes, reservations } from './schema.ts'

export type ReservationRow = typeof reservations.$inferSelect
export type ReservationPatch = Partial<
  Omit<ReservationRow, 'id' | 'accountId' | 'namespace' | 'folded' | 'createdAt'>
>

/** Other processes that fall behind by more than this read everything again. */
const CHANGES_KEPT = 10_000

export class ReservationTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  list(accountId: string | undefined): ReservationRow[] {
    const where = accountId === undefined ? undefined : eq(reservations.accountId, accountId)
    return this.#db
      .select()
      .from(reservations)
      .where(where)
      .orderBy(asc(reservations.namespace))
      .all()
  }

  byId(id: string): ReservationRow | undefined {
    return this.#db.select().from(reservations).where(eq(reservations.id, id)).get()
  }

  byNamespace(namespace: string): ReservationRow | undefined {
    return this.#db.select().from(reservations).where(eq(reservations.namespace, namespace)).get()
  }

  countOf(accountId: string): number {
    const where = eq(reservations.accountId, accountId)
    return this.#db.select({ n: count() }).from(reservations).where(where).get()!.n
  }

  /**
   * Reservations above and below a namespace, itself included, whatever their case.
   * @param above the folded namespace and every prefix of it that ends before a boundary
   */
  related(folded: string, above: readonly string[]): ReservationRow[] {
    const below = [':', '/'].map((boundary) => startsWith(folded + boundary))
    return this.#db
      .select()
      .from(reservations)
      .where(or(inArray(reservations.folded, [...above]), ...below))
      .orderBy(asc(reservations.namespace))
      .all()
  }

  insert(row: ReservationRow): void {
    this.#db.insert(reservations).values(row).run()
    this.#changed(row.namespace)
  }

  update(row: ReservationRow, patch: ReservationPatch): void {
    this.#db.update(reservations).set(patch).where(eq(reservations.id, row.id)).run()
    this.#changed(row.namespace)
  }

  remove(row: ReservationRow): void {
    this.#db.delete(reservations).where(eq(reservations.id, row.id)).run()
    this.#changed(row.namespace)
  }

  #changed(namespace: string): void {
    const { seq } = this.#db
      .insert(changes)
      .values({ namespace })
      .returning({ seq: changes.seq })
      .get()
    this.#db
      .delete(changes)
      .where(lt(changes.seq, seq - CHANGES_KEPT))
      .run()
  }

  /** The number of the last change; 0 when there was none. */
  lastChange(): number {
    return (
      this.#db
        .select({ seq: max(changes.seq) })
        .from(changes)
        .get()?.seq ?? 0
    )
  }

  /** Namespaces changed after a change number, or undefined if some of those changes are no longer listed. */
  changedSince(seq: number): { namespaces: string[]; last: number } | undefined {
    const rows = this.#db
      .select()
      .from(changes)
      .where(gt(changes.seq, seq))
      .orderBy(asc(changes.seq))
      .all()
    const oldest =
      this.#db
        .select({ seq: min(changes.seq) })
        .from(changes)
        .get()?.seq ?? seq + 1
    if (oldest > seq + 1) return undefined
    return {
      namespaces: [...new Set(rows.map((row) => row.namespace))],
      last: rows.at(-1)?.seq ?? seq,
    }
  }
}

/** A range that the index can serve, unlike LIKE. */
function startsWith(prefix: string): SQL | undefined {
  const next = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
  return and(gte(reservations.folded, prefix), lt(reservations.folded, next))
}
