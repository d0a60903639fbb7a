/** Reads and writes apps with their API keys, channel rules and revocations; writes are recorded in the list of changes. */
import {
  type Placeholder,
  and,
  asc,
  count,
  eq,
  gt,
  inArray,
  isNotNull,
  lte,
  sql,
} from 'drizzle-orm'
import { recordChange } from './changes.ts'
import type { Store } from '../database.ts'
import { preparedInsert } from './prepared.ts'
import { apiKeys, apps, channelRules, revocations } from '../schema/apps.ts'
import { appStats } from '../schema/records.ts'

export type AppRow = typeof apps.$inferSelect
export type AppPatch = Partial<Omit<AppRow, 'id' | 'accountId' | 'isDefault' | 'createdAt'>>
export type ApiKeyRow = typeof apiKeys.$inferSelect
export type ApiKeyPatch = Partial<Omit<ApiKeyRow, 'appId' | 'id' | 'createdAt'>>
export type ChannelRuleRow = typeof channelRules.$inferSelect
export type ChannelRulePatch = Partial<Omit<ChannelRuleRow, 'appId' | 'id' | 'createdAt'>>
export type RevocationRow = typeof revocations.$inferSelect
type NewRevocation = Omit<typeof revocations.$inferInsert, 'id' | 'appId'>

export class AppTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  list(accountId: string | undefined): AppRow[] {
    const where = accountId === undefined ? undefined : eq(apps.accountId, accountId)
    return this.#db
      .select()
      .from(apps)
      .where(where)
      .orderBy(asc(apps.createdAt), asc(apps.id))
      .all()
  }

  byId(id: string): AppRow | undefined {
    return this.#db.select().from(apps).where(eq(apps.id, id)).get()
  }

  /** Several accounts may have an app of the same name. */
  byName(name: string): AppRow[] {
    return this.#db
      .select()
      .from(apps)
      .where(eq(apps.name, name))
      .orderBy(asc(apps.createdAt))
      .all()
  }

  ofAccount(accountId: string, name: string): AppRow | undefined {
    const where = and(eq(apps.accountId, accountId), eq(apps.name, name))
    return this.#db.select().from(apps).where(where).get()
  }

  /** The app that is used where none is named. */
  default(): AppRow | undefined {
    return this.#db.select().from(apps).where(eq(apps.isDefault, true)).get()
  }

  /** Apps that have expired. */
  expired(now: number): AppRow[] {
    const where = and(isNotNull(apps.expiresAt), lte(apps.expiresAt, now))
    return this.#db.select().from(apps).where(where).all()
  }

  /** Number of apps that will expire, by the address that created them; null where that is not known. */
  countExpiring(): { madeBy: string | null; apps: number }[] {
    return this.#db
      .select({ madeBy: apps.madeBy, apps: count() })
      .from(apps)
      .where(isNotNull(apps.expiresAt))
      .groupBy(apps.madeBy)
      .all()
  }

  insert(row: AppRow): void {
    this.#db.insert(apps).values(row).run()
    recordChange(this.#db, 'app', row.id)
  }

  update(id: string, patch: AppPatch): void {
    this.#db.update(apps).set(patch).where(eq(apps.id, id)).run()
    recordChange(this.#db, 'app', id)
  }

  /** Removes an app with its keys, rules and revocations. */
  remove(id: string): void {
    this.#db.delete(apps).where(eq(apps.id, id)).run()
    this.#db.delete(appStats).where(eq(appStats.appId, id)).run()
    recordChange(this.#db, 'app', id)
  }
}

export class ApiKeyTable {
  readonly #db: Store['db']
  readonly #find
  readonly #insert

  constructor({ db }: Store) {
    this.#db = db
    const named = isKey(sql.placeholder('appId'), sql.placeholder('id'))
    this.#find = db.select().from(apiKeys).where(named).prepare()
    this.#insert = preparedInsert(db, apiKeys)
  }

  /** In the order in which they were made. */
  list(appId: string): ApiKeyRow[] {
    return this.#db
      .select()
      .from(apiKeys)
      .where(eq(apiKeys.appId, appId))
      .orderBy(asc(apiKeys.createdAt), asc(apiKeys.id))
      .all()
  }

  find(appId: string, id: string): ApiKeyRow | undefined {
    return this.#find.get({ appId, id })
  }

  /** Of all apps. */
  named(name: string): ApiKeyRow[] {
    return this.#db.select().from(apiKeys).where(eq(apiKeys.name, name)).all()
  }

  insert(row: ApiKeyRow): void {
    this.#insert(row)
    recordChange(this.#db, 'app', row.appId)
  }

  update(appId: string, id: string, patch: ApiKeyPatch): void {
    this.#db.update(apiKeys).set(patch).where(isKey(appId, id)).run()
    recordChange(this.#db, 'app', appId)
  }

  /**
   * Records when a secret was last used, be it the current or the old one by now. Not recorded as a change.
   * @param secret sealed
   */
  used(appId: string, id: string, secret: Buffer, at: number): void {
    const key = isKey(appId, id)
    const current = this.#db
      .update(apiKeys)
      .set({ lastUsedAt: at })
      .where(and(key, eq(apiKeys.secret, secret)))
      .returning({ id: apiKeys.id })
      .get()
    if (current) return
    this.#db
      .update(apiKeys)
      .set({ oldLastUsedAt: at })
      .where(and(key, eq(apiKeys.oldSecret, secret)))
      .run()
  }
}

function isKey(appId: string | Placeholder, id: string | Placeholder) {
  return and(eq(apiKeys.appId, appId), eq(apiKeys.id, id))
}

export class ChannelRuleTable {
  readonly #db: Store['db']
  readonly #find
  readonly #insert

  constructor({ db }: Store) {
    this.#db = db
    const named = isRule(sql.placeholder('appId'), sql.placeholder('id'))
    this.#find = db.select().from(channelRules).where(named).prepare()
    this.#insert = preparedInsert(db, channelRules)
  }

  list(appId: string): ChannelRuleRow[] {
    return this.#db
      .select()
      .from(channelRules)
      .where(eq(channelRules.appId, appId))
      .orderBy(asc(channelRules.id))
      .all()
  }

  find(appId: string, id: string): ChannelRuleRow | undefined {
    return this.#find.get({ appId, id })
  }

  insert(row: ChannelRuleRow): void {
    this.#insert(row)
    recordChange(this.#db, 'app', row.appId)
  }

  update(appId: string, id: string, patch: ChannelRulePatch): void {
    this.#db.update(channelRules).set(patch).where(isRule(appId, id)).run()
    recordChange(this.#db, 'app', appId)
  }

  remove(appId: string, id: string): void {
    this.#db.delete(channelRules).where(isRule(appId, id)).run()
    recordChange(this.#db, 'app', appId)
  }
}

function isRule(appId: string | Placeholder, id: string | Placeholder) {
  return and(eq(channelRules.appId, appId), eq(channelRules.id, id))
}

export class RevocationTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  /**
   * Revocations that can still concern a token.
   * @param after only those with a greater id
   */
  list(appId: string, now: number, after = 0): RevocationRow[] {
    const where = and(
      eq(revocations.appId, appId),
      gt(revocations.expiresAt, now),
      gt(revocations.id, after),
    )
    return this.#db.select().from(revocations).where(where).orderBy(asc(revocations.id)).all()
  }

  /** Those of them with one of these values, of any kind. */
  about(appId: string, values: readonly string[], now: number): RevocationRow[] {
    const where = and(
      eq(revocations.appId, appId),
      gt(revocations.expiresAt, now),
      inArray(revocations.value, [...values]),
    )
    return this.#db.select().from(revocations).where(where).all()
  }

  /** Adds revocations of an app, and removes expired ones of all apps. */
  insert(appId: string, rows: readonly NewRevocation[], now: number): void {
    this.#db.delete(revocations).where(lte(revocations.expiresAt, now)).run()
    if (rows.length === 0) return
    this.#db
      .insert(revocations)
      .values(rows.map((row) => ({ appId, ...row })))
      .run()
    recordChange(this.#db, 'app', appId)
  }
}
