/** Reads and writes the audit trail. */
import { and, desc, eq, inArray, like, lt, or } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { audit } from '../schema/records.ts'

export type { AuditedField } from '../schema/records.ts'
export type AuditRow = typeof audit.$inferSelect

/** All bounds hold together. */
export interface AuditFilter {
  readonly accountId?: string | undefined
  readonly kinds?: readonly string[] | undefined
  /** Part of the name of whoever did it, or of what was changed. */
  readonly text?: string | undefined
  /** Only what came before this entry. */
  readonly before?: number | undefined
  readonly limit: number
}

/** What is older is forgotten: a trail must not fill a disk. */
const ENTRIES_KEPT = 100_000

export class AuditTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  /** Part of the same transaction as the change that it tells of. */
  insert(row: Omit<AuditRow, 'seq'>): void {
    const { seq } = this.#db.insert(audit).values(row).returning({ seq: audit.seq }).get()
    this.#db
      .delete(audit)
      .where(lt(audit.seq, seq - ENTRIES_KEPT))
      .run()
  }

  /** The newest first. */
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
