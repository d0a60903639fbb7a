/** Reads and writes accounts and their access tokens. */
import { asc, eq, sql } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { accessTokens, accounts } from '../schema/accounts.ts'

export type AccountRow = typeof accounts.$inferSelect
export type AccessTokenRow = typeof accessTokens.$inferSelect

export class AccountTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  list(): AccountRow[] {
    return this.#db
      .select()
      .from(accounts)
      .orderBy(asc(accounts.createdAt), sql`rowid`)
      .all()
  }

  owner(): AccountRow | undefined {
    return this.#db.select().from(accounts).where(eq(accounts.role, 'owner')).get()
  }

  byId(id: string): AccountRow | undefined {
    return this.#db.select().from(accounts).where(eq(accounts.id, id)).get()
  }

  byName(name: string): AccountRow | undefined {
    return this.#db.select().from(accounts).where(eq(accounts.name, name)).get()
  }

  insert(row: AccountRow): void {
    this.#db.insert(accounts).values(row).run()
  }

  remove(id: string): void {
    this.#db.delete(accessTokens).where(eq(accessTokens.accountId, id)).run()
    this.#db.delete(accounts).where(eq(accounts.id, id)).run()
  }
}

export class AccessTokenTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  list(accountId: string | undefined): AccessTokenRow[] {
    const where = accountId === undefined ? undefined : eq(accessTokens.accountId, accountId)
    return this.#db
      .select()
      .from(accessTokens)
      .where(where)
      .orderBy(asc(accessTokens.createdAt))
      .all()
  }

  byHash(hash: Buffer): AccessTokenRow | undefined {
    return this.#db.select().from(accessTokens).where(eq(accessTokens.hash, hash)).get()
  }

  byId(id: string): AccessTokenRow | undefined {
    return this.#db.select().from(accessTokens).where(eq(accessTokens.id, id)).get()
  }

  insert(row: AccessTokenRow): void {
    this.#db.insert(accessTokens).values(row).run()
  }

  used(id: string, now: number): void {
    this.#db.update(accessTokens).set({ lastUsedAt: now }).where(eq(accessTokens.id, id)).run()
  }

  remove(id: string): void {
    this.#db.delete(accessTokens).where(eq(accessTokens.id, id)).run()
  }

  removeOf(accountId: string): number {
    const rows = this.#db
      .delete(accessTokens)
      .where(eq(accessTokens.accountId, accountId))
      .returning({ id: accessTokens.id })
      .all()
    return rows.length
  }
}
