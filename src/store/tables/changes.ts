/** The list of changes: which reservation or app was written, in order, for directories in memory. */
import { asc, gt, lt, max, min, sql } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { changes } from '../schema/records.ts'

export type ChangeRow = typeof changes.$inferSelect
export type ChangeKind = ChangeRow['kind']

/** Processes that are further behind than this read everything again. */
const CHANGES_KEPT = 10_000

/** Records a change; to be called in its transaction. */
export function recordChange(db: Store['db'], kind: ChangeKind, entity: string): void {
  const { add, drop } = statementsOf(db)
  const { seq } = add.get({ kind, entity })
  drop.run({ before: seq - CHANGES_KEPT })
}

/** The number of the last change; 0 when there was none. */
export function lastChange({ db }: Store): number {
  return statementsOf(db).last.get()?.seq ?? 0
}

/** Changes after a number, or undefined if some of them are no longer listed. */
export function changedSince({ db }: Store, seq: number): ChangeRow[] | undefined {
  const { first, since } = statementsOf(db)
  const rows = since.all({ seq })
  // Numbers have no gaps, and the oldest changes are removed first, so nothing is missing after `seq`.
  if (rows[0]?.seq === seq + 1) return rows
  const oldest = first.get()?.seq ?? seq + 1
  return oldest > seq + 1 ? undefined : rows
}

/** Prepared once: they run with every write of settings that are kept in memory. */
const statements = new WeakMap<Store['db'], ReturnType<typeof prepare>>()

function statementsOf(db: Store['db']): ReturnType<typeof prepare> {
  let prepared = statements.get(db)
  if (!prepared) statements.set(db, (prepared = prepare(db)))
  return prepared
}

function prepare(db: Store['db']) {
  const { seq } = changes
  const places = { kind: sql.placeholder('kind'), entity: sql.placeholder('entity') }
  return {
    add: db.insert(changes).values(places).returning({ seq }).prepare(),
    drop: db
      .delete(changes)
      .where(lt(seq, sql.placeholder('before')))
      .prepare(),
    last: db
      .select({ seq: max(seq) })
      .from(changes)
      .prepare(),
    first: db
      .select({ seq: min(seq) })
      .from(changes)
      .prepare(),
    since: db
      .select()
      .from(changes)
      .where(gt(seq, sql.placeholder('seq')))
      .orderBy(asc(seq))
      .prepare(),
  }
}
