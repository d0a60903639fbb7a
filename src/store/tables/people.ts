/** Reads and writes people, their memberships and what they sign in with. */
import { and, asc, eq, isNotNull, ne, or } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { identities, memberships, people } from '../schema/accounts.ts'

export type PersonRow = typeof people.$inferSelect
export type MembershipRow = typeof memberships.$inferSelect
export type IdentityRow = typeof identities.$inferSelect

export class PersonTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  byId(id: string): PersonRow | undefined {
    return this.#db.select().from(people).where(eq(people.id, id)).get()
  }

  byEmail(folded: string): PersonRow | undefined {
    return this.#db.select().from(people).where(eq(people.folded, folded)).get()
  }

  insert(row: PersonRow): void {
    this.#db.insert(people).values(row).run()
  }

  setPassword(id: string, password: string): void {
    this.#db.update(people).set({ password }).where(eq(people.id, id)).run()
  }

  /** Removes a person with memberships, sessions and identities. */
  remove(id: string): void {
    this.#db.delete(people).where(eq(people.id, id)).run()
  }
}

/** A person with their membership of an account. */
export interface MemberRow {
  readonly person: PersonRow
  readonly membership: MembershipRow
}

export class MembershipTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  find(personId: string, accountId: string): MembershipRow | undefined {
    return this.#db.select().from(memberships).where(isMembership(personId, accountId)).get()
  }

  ofPerson(personId: string): MembershipRow[] {
    return this.#db
      .select()
      .from(memberships)
      .where(eq(memberships.personId, personId))
      .orderBy(asc(memberships.createdAt))
      .all()
  }

  ofAccount(accountId: string): MemberRow[] {
    return this.#db
      .select({ person: people, membership: memberships })
      .from(memberships)
      .innerJoin(people, eq(people.id, memberships.personId))
      .where(eq(memberships.accountId, accountId))
      .orderBy(asc(memberships.createdAt))
      .all()
  }

  /** Adds a membership, or changes its role. */
  set(row: MembershipRow): void {
    this.#db
      .insert(memberships)
      .values(row)
      .onConflictDoUpdate({
        target: [memberships.personId, memberships.accountId],
        set: { role: row.role },
      })
      .run()
  }

  remove(personId: string, accountId: string): void {
    this.#db.delete(memberships).where(isMembership(personId, accountId)).run()
  }
}

function isMembership(personId: string, accountId: string) {
  return and(eq(memberships.personId, personId), eq(memberships.accountId, accountId))
}

export class IdentityTable {
  readonly #db: Store['db']

  constructor({ db }: Store) {
    this.#db = db
  }

  find(provider: string, subject: string): IdentityRow | undefined {
    return this.#db.select().from(identities).where(isIdentity(provider, subject)).get()
  }

  ofPerson(personId: string): IdentityRow[] {
    return this.#db.select().from(identities).where(eq(identities.personId, personId)).all()
  }

  insert(row: IdentityRow): void {
    this.#db.insert(identities).values(row).run()
  }

  remove(provider: string, subject: string): void {
    this.#db.delete(identities).where(isIdentity(provider, subject)).run()
  }
}

function isIdentity(provider: string, subject: string) {
  return and(eq(identities.provider, provider), eq(identities.subject, subject))
}

/**
 * Whether an account has an owner who can sign in: with a password or with a provider.
 * @param exceptId a person to leave out
 */
export function hasOwnerWhoSignsIn({ db }: Store, accountId: string, exceptId = ''): boolean {
  const found = db
    .select({ id: people.id })
    .from(memberships)
    .innerJoin(people, eq(people.id, memberships.personId))
    .leftJoin(identities, eq(identities.personId, people.id))
    .where(
      and(
        eq(memberships.accountId, accountId),
        eq(memberships.role, 'owner'),
        ne(people.id, exceptId),
        or(isNotNull(people.password), isNotNull(identities.subject)),
      ),
    )
    .get()
  return found !== undefined
}
