/** The list of changes: which reservation or app was written, in order, for whoever keeps them in memory. */
import { asc, gt, lt, max, min, sql } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { changes } from '../schema.ts'

export type ChangeRow = typeof changes.$inferSelect
export type ChangeKind = ChangeRow['kind']

/** Other processes that fall behind by more than this read everything again. */
const CHANGES_KEPT = 10_000

/** Part of the same transaction as the change itself, wherever that matters. */
export function recordChange(db: Store['db'], kind: ChangeKind, entity: string): void {
  let recorder = recorders.get(db)
  if (!recorder) recorders.set(db, (recorder = recorderFor(db)))
  const { seq } = recorder.add.get({ kind, entity })
  recorder.drop.run({ before: seq - CHANGES_KEPT })
}

/** With every write of anything that others keep in memory, so its statements are compiled once. */
const recorders = new WeakMap<Store['db'], ReturnType<typeof recorderFor>>()

function recorderFor(db: Store['db']) {
  const places = { kind: sql.placeholder('kind'), entity: sql.placeholder('entity') }
  const old = lt(changes.seq, sql.placeholder('before'))
  return {
    add: db.insert(changes).values(places).returning({ seq: changes.seq }).prepare(),
    drop: db.delete(changes).where(old).prepare(),
  }
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
