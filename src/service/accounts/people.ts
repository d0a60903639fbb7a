/** The people of accounts: who they are, and what they may do there. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { Role } from '../../policy/roles.ts'
import type { Store } from '../../store/database.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import {
  MembershipTable,
  type PersonRow,
  PersonTable,
  hasOwnerWhoSignsIn,
} from '../../store/tables/people.ts'
import { SessionTable } from '../../store/tables/sessions.ts'
import type { Account } from './accounts.ts'
import type { Action, AuditService, AuditEvent } from '../audit/audit.ts'
import { fieldsOf } from '../audit/audited-fields.ts'
import { newId } from '../id.ts'
import type { ServiceParts } from '../service-parts.ts'

/** A person who may sign in, without the password hash. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly hasPassword: boolean
}

export interface Member extends Person {
  readonly role: Role
  readonly since: number
}

const MAX_EMAIL_LENGTH = 254

export class PeopleService {
  readonly #store: Store
  readonly #ledger: Ledger
  readonly #people: PersonTable
  readonly #memberships: MembershipTable
  readonly #sessions: SessionTable
  readonly #clock: Clock
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts) {
    this.#store = store
    this.#ledger = ledger
    this.#people = new PersonTable(store)
    this.#memberships = new MembershipTable(store)
    this.#sessions = new SessionTable(store)
    this.#clock = clock
    this.#audit = audit
  }

  /** Whether the account has no owner yet who can sign in. */
  isUnclaimed(account: Account): boolean {
    return !hasOwnerWhoSignsIn(this.#store, account.id)
  }

  find(id: string): Person | undefined {
    const row = this.#people.byId(id)
    return row && personOf(row)
  }

  byEmail(email: string): Person | undefined {
    const row = this.#people.byEmail(foldEmail(email))
    return row && personOf(row)
  }

  members(account: Account): Member[] {
    return this.#memberships.ofAccount(account.id).map(({ person, membership }) => {
      const { id, email, hasPassword } = personOf(person)
      return { id, email, hasPassword, role: membership.role, since: membership.createdAt }
    })
  }

  roleOf(personId: string, accountId: string): Role | undefined {
    return this.#memberships.find(personId, accountId)?.role
  }

  /** Ids of the accounts that a person belongs to, oldest membership first. */
  accountsOf(personId: string): string[] {
    return this.#memberships.ofPerson(personId).map(({ accountId }) => accountId)
  }

  /** Creates a person. @returns `email_taken` where somebody has the address already */
  add(email: string, passwordHash: string | null): Result<Person> {
    return this.#ledger.write((): Result<Person> => {
      const folded = foldEmail(email)
      if (this.#people.byEmail(folded)) return fail('email_taken')
      const row: PersonRow = {
        id: newId(),
        email: email.trim(),
        folded,
        password: passwordHash,
        createdAt: this.#clock.now(),
      }
      this.#people.insert(row)
      return ok(personOf(row))
    })
  }

  /** Makes a person a member of an account, or changes their role there. */
  admit(personId: string, accountId: string, role: Role): void {
    const createdAt = this.#clock.now()
    this.#ledger.write(() => this.#memberships.set({ personId, accountId, role, createdAt }))
  }

  /** Changes a role and ends the person's sessions on the account, so that nothing goes on with the old rights. */
  setRole(account: Account, personId: string, role: Role): Result<void> {
    return this.#ledger.write((): Result<void> => {
      const membership = this.#memberships.find(personId, account.id)
      if (!membership) return fail('person_unknown')
      if (membership.role === role) return ok(undefined)
      if (role !== 'owner' && !this.#hasOtherOwner(account, personId)) return fail('last_owner')
      this.#memberships.set({ ...membership, role })
      this.#note('change', personId, account.id, fieldsOf(membership, { role }, { role: 'role' }))
      this.#sessions.removeOfMember(personId, account.id)
      return ok(undefined)
    })
  }

  /** Removes a person from an account; a person without any account left is deleted. */
  remove(account: Account, personId: string): Result<void> {
    return this.#ledger.write((): Result<void> => {
      if (!this.#memberships.find(personId, account.id)) return fail('person_unknown')
      if (!this.#hasOtherOwner(account, personId)) return fail('last_owner')
      this.#note('remove', personId, account.id)
      this.#memberships.remove(personId, account.id)
      this.#sessions.removeOfMember(personId, account.id)
      if (this.#memberships.ofPerson(personId).length === 0) this.#people.remove(personId)
      return ok(undefined)
    })
  }

  #note(
    action: Action,
    personId: string,
    accountId: string,
    fields: AuditEvent['fields'] = [],
  ): void {
    const name = this.#people.byId(personId)?.email ?? personId
    this.#audit.record({ action, kind: 'person', id: personId, name, accountId, fields })
  }

  #hasOtherOwner(account: Account, personId: string): boolean {
    return hasOwnerWhoSignsIn(this.#store, account.id, personId)
  }
}

/** Without the hash of the password. */
export function personOf({ id, email, password }: PersonRow): Person {
  return { id, email, hasPassword: password !== null }
}

export function foldEmail(email: string): string {
  return email.trim().toLowerCase()
}

/** What is wrong with an email address, or undefined. It is not verified: nothing is ever sent there. */
export function emailFault(email: string): string | undefined {
  const trimmed = email.trim()
  if (trimmed.length > MAX_EMAIL_LENGTH || !/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(trimmed))
    return 'this is not an email address'
  return undefined
}
