/** Reads and writes reservations; every write is recorded in the list of changes. */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { type SQL, and, asc, count, eq, gte, inArray, lt, or } from 'drizzle-orm'
import { recordChange } from './changes.ts'
import { DATABASE_FILE, type Store } from '../database.ts'
import { reservations } from '../schema/reservations.ts'

export type ReservationRow = typeof reservations.$inferSelect
export type ReservationPatch = Partial<
  Omit<ReservationRow, 'id' | 'accountId' | 'namespace' | 'folded' | 'createdAt'>
>

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

  /** Reservations with the same folded name: other spellings and cases of it. */
  byFolded(folded: string): ReservationRow[] {
    return this.#db.select().from(reservations).where(eq(reservations.folded, folded)).all()
  }

  /** Updates the folded name, which is no change of the reservation. */
  refold(id: string, folded: string): void {
    this.#db.update(reservations).set({ folded }).where(eq(reservations.id, id)).run()
  }

  ofApp(appId: string): ReservationRow[] {
    return this.#db.select().from(reservations).where(eq(reservations.appId, appId)).all()
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
    recordChange(this.#db, 'reservation', row.namespace)
  }

  update(row: ReservationRow, patch: ReservationPatch): void {
    this.#db.update(reservations).set(patch).where(eq(reservations.id, row.id)).run()
    recordChange(this.#db, 'reservation', row.namespace)
  }

  remove(row: ReservationRow): void {
    this.#db.delete(reservations).where(eq(reservations.id, row.id)).run()
    recordChange(this.#db, 'reservation', row.namespace)
  }
}

/** The columns of a reservation that concern its name. */
export type ReservedName = Pick<ReservationRow, 'id' | 'accountId' | 'namespace' | 'createdAt'>

/**
 * The reserved names of a data folder of any version. Nothing is written to it.
 * @throws where the database cannot be read
 */
export function readReservedNames(folder: string): ReservedName[] {
  const sqlite = new Database(join(folder, DATABASE_FILE), { readonly: true })
  try {
    return sqlite
      .query<ReservedName, []>(
        'SELECT id, account_id AS accountId, namespace, created_at AS createdAt FROM reservations',
      )
      .all()
  } finally {
    sqlite.close()
  }
}

/** A prefix as a range, which unlike LIKE can use the index. */
function startsWith(prefix: string): SQL | undefined {
  const next = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
  return and(gte(reservations.folded, prefix), lt(reservations.folded, next))
}
