/** The list of changes: which reservation or app was written, in order, for whoever keeps them in memory. */
import { asc, gt, lt, max, min } from 'drizzle-orm'
import type { Store } from './database.ts'
import { changes } from './schema.ts'

export type ChangeRow = typeof changes.$inferSelect
export type ChangeKind = ChangeRow['kind']

/** Other processes that fall behind by more than this read everything again. */
const CHANGES_KEPT = 10_000

/** Part of the same transaction as the change itself, wherever that matters. */
export function recordChange(db: Store['db'], kind: ChangeKind, entity: string): void {
  const { seq } = db.insert(changes).values({ kind, entity }).returning({ seq: changes.seq }).get()
  db.delete(changes)
    .where(lt(changes.seq, seq - CHANGES_KEPT))
    .run()
}

/** The number of the last change; 0 when there was none. */
export function lastChange({ db }: Store): number {
  return (
    db
      .select({ seq: max(changes.seq) })
      .from(changes)
      .get()?.seq ?? 0
  )
}

/** What changed after a change number, or undefined if some of those changes are no longer listed. */
export function changedSince({ db }: Store, seq: number): ChangeRow[] | undefined {
  const rows = db.select().from(changes).where(gt(changes.seq, seq)).orderBy(asc(changes.seq)).all()
  const oldest =
    db
      .select({ seq: min(changes.seq) })
      .from(changes)
      .get()?.seq ?? seq + 1
  return oldest > seq + 1 ? undefined : rows
}
