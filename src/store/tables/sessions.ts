/** Reads and writes dashboard sessions and one-time links. */
import { and, asc, desc, eq, lte, ne, or } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { links, sessions } from '../schema/accounts.ts'

export type SessionRow = typeof sessions.$inferSelect
export type LinkRow = typeof links.$inferSelect

export class SessionTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  byHash(hash: Buffer): SessionRow | undefined {
    return this.#db.select().from(sessions).where(eq(sessions.hash, hash)).get()
  }

  /** Last used first. */
  ofPerson(personId: string): SessionRow[] {
    return this.#db
      .select()
      .from(sessions)
      .where(eq(sessions.personId, personId))
      .orderBy(desc(sessions.seenAt))
      .all()
  }

  insert(row: SessionRow): void {
    this.#db.insert(sessions).values(row).run()
  }

  seen(id: string, at: number, address: string): void {
    this.#db.update(sessions).set({ seenAt: at, address }).where(eq(sessions.id, id)).run()
  }

  remove(id: string): void {
    this.#db.delete(sessions).where(eq(sessions.id, id)).run()
  }

  /** @param exceptId a session to keep */
  removeOf(personId: string, exceptId?: string): void {
    const own = eq(sessions.personId, personId)
    const where = exceptId === undefined ? own : and(own, ne(sessions.id, exceptId))
    this.#db.delete(sessions).where(where).run()
  }

  removeOfMember(personId: string, accountId: string): void {
    const where = and(eq(sessions.personId, personId), eq(sessions.accountId, accountId))
    this.#db.delete(sessions).where(where).run()
  }

  /** Removes expired sessions, and those not used since `seenBefore`. */
  removeEnded(now: number, seenBefore: number): void {
    const where = or(lte(sessions.expiresAt, now), lte(sessions.seenAt, seenBefore))
    this.#db.delete(sessions).where(where).run()
  }
}

export class LinkTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  byHash(hash: Buffer): LinkRow | undefined {
    return this.#db.select().from(links).where(eq(links.hash, hash)).get()
  }

  list(accountId: string, kind: LinkRow['kind']): LinkRow[] {
    const where = and(eq(links.accountId, accountId), eq(links.kind, kind))
    return this.#db.select().from(links).where(where).orderBy(asc(links.createdAt)).all()
  }

  insert(row: LinkRow): void {
    this.#db.insert(links).values(row).run()
  }

  /** @returns whether it existed: of two simultaneous uses of a link, one succeeds */
  take(id: string): boolean {
    const taken = this.#db.delete(links).where(eq(links.id, id)).returning({ id: links.id }).get()
    return taken !== undefined
  }

  removeOf(accountId: string, kind: LinkRow['kind']): void {
    this.#db
      .delete(links)
      .where(and(eq(links.accountId, accountId), eq(links.kind, kind)))
      .run()
  }

  removeExpired(now: number): void {
    this.#db.delete(links).where(lte(links.expiresAt, now)).run()
  }
}
