/** Reads and writes the audit trail. */
import { and, desc, eq, inArray, like, lt, or } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { audit } from '../schema/records.ts'

export type { AuditedField } from '../schema/records.ts'
export type AuditRow = typeof audit.$inferSelect

/** All given fields have to match. */
export interface AuditFilter {
  readonly accountId?: string | undefined
  readonly kinds?: readonly string[] | undefined
  /** Part of the name of the actor or of the entity. */
  readonly text?: string | undefined
  /** Only entries before this one. */
  readonly before?: number | undefined
  readonly limit: number
}

/** Older entries are removed, so that the trail cannot fill a disk. */
const ENTRIES_KEPT = 100_000

export class AuditTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  /** To be called in the transaction of the change. */
  insert(row: Omit<AuditRow, 'seq'>): void {
    const { seq } = this.#db.insert(audit).values(row).returning({ seq: audit.seq }).get()
    this.#db
      .delete(audit)
      .where(lt(audit.seq, seq - ENTRIES_KEPT))
      .run()
  }

  /** Newest first. */
  list({ accountId, kinds, text, before, limit }: AuditFilter): AuditRow[] {
    const part = text === undefined || text === '' ? undefined : `%${escaped(text)}%`
    const where = and(
      accountId === undefined ? undefined : eq(audit.accountId, accountId),
      kinds === undefined ? undefined : inArray(audit.kind, [...kinds]),
      part === undefined ? undefined : or(like(audit.actor, part), like(audit.name, part)),
      before === undefined ? undefined : lt(audit.seq, before),
    )
    return this.#db.select().from(audit).where(where).orderBy(desc(audit.seq)).limit(limit).all()
  }
}

/** SQLite has no character that would always escape, so what means something in a pattern is any character. */
function escaped(text: string): string {
  return text.replaceAll(/[%_]/g, '_')
}
