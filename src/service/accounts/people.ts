/** The people of accounts: who they are, what they may do there, and what they sign in with. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { type PasswordHasher, passwordFault } from '../../identity/password.ts'
import type { ProviderIdentity } from '../../identity/providers/provider.ts'
import { limitKey } from '../../policy/address.ts'
import type { Role } from '../../policy/roles.ts'
import type { Store } from '../../store/database.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import {
  type IdentityRow,
  IdentityTable,
  MembershipTable,
  type PersonRow,
  PersonTable,
  hasOwnerWhoSignsIn,
} from '../../store/tables/people.ts'
import { SessionTable } from '../../store/tables/sessions.ts'
import type { Account } from './accounts.ts'
import type { Action, AuditService, Trace } from '../audit/audit.ts'
import { fieldsOf } from '../audit/audited-fields.ts'
import { newId } from '../id.ts'
import type { ServiceParts } from '../service-parts.ts'

/** Somebody who may sign in; the hash of the password stays inside. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly hasPassword: boolean
}

export interface Member extends Person {
  readonly role: Role
  readonly since: number
}

/** Somebody who is at the door, with what they want to be known by. */
export interface Applicant {
  readonly email: string
  readonly password: string
  /** Where they come from. */
  readonly address: string
}

const MAX_EMAIL_LENGTH = 254

export class PeopleService {
  readonly #store: Store
  readonly #ledger: Ledger
  readonly #people: PersonTable
  readonly #memberships: MembershipTable
  readonly #identities: IdentityTable
  readonly #sessions: SessionTable
  readonly #hasher: PasswordHasher
  readonly #clock: Clock
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts, hasher: PasswordHasher) {
    this.#store = store
    this.#ledger = ledger
    this.#people = new PersonTable(store)
    this.#memberships = new MembershipTable(store)
    this.#identities = new IdentityTable(store)
    this.#sessions = new SessionTable(store)
    this.#hasher = hasher
    this.#clock = clock
    this.#audit = audit
  }

  /** Whether nobody can sign in as an owner of the account yet. */
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

  /** Ids of the accounts that a person belongs to, the first one first. */
  accountsOf(personId: string): string[] {
    return this.#memberships.ofPerson(personId).map(({ accountId }) => accountId)
  }

  /** Makes somebody with an address that nobody else has; part of the caller's transaction. */
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

  /** Makes somebody a member, or changes their role; part of the caller's transaction. */
  admit(personId: string, accountId: string, role: Role): void {
    const createdAt = this.#clock.now()
    this.#ledger.write(() => this.#memberships.set({ personId, accountId, role, createdAt }))
  }

  /** Changes a role. Sessions with the old one end, so that nothing goes on under it. */
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

  /** Takes somebody off an account; who belongs to no other is forgotten. */
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

  /** @returns the hash, or what is wrong with address or password */
  hashOf({ email, password, address }: Applicant): Promise<Result<string>> {
    const fault = emailFault(email) ?? passwordFault(password, email.trim())
    if (fault !== undefined) return Promise.resolve(fail('invalid', fault))
    return this.#hasher.hash(password, limitKey(address))
  }

  /** Whether the password is this person's. */
  fits(personId: string, password: string, address: string): Promise<Result<boolean>> {
    const known = this.#people.byId(personId)?.password
    return this.#hasher.check(password, known, limitKey(address))
  }

  /** The person whose email and password these are, found in the same time as nobody. */
  async withPassword({ email, password, address }: Applicant): Promise<Result<Person>> {
    const row = this.#people.byEmail(foldEmail(email))
    const fits = await this.#hasher.check(password, row?.password, limitKey(address))
    if (!fits.ok) return fits
    // The check takes its time, in which they can have gone, or have got another password.
    const known = row && fits.value ? this.#people.byId(row.id) : undefined
    return known && known.password === row?.password ? ok(personOf(known)) : fail('sign_in_refused')
  }

  /** Ends every session of the person; the caller opens a new one for the browser that asked. */
  setPasswordHash(personId: string, hash: string): void {
    this.#ledger.write(() => {
      this.#people.setPassword(personId, hash)
      this.#sessions.removeOf(personId)
      this.#noteEverywhere(personId, [{ field: 'password', to: 'changed' }])
    })
  }

  identitiesOf(personId: string): IdentityRow[] {
    return this.#identities.ofPerson(personId)
  }

  /** Found by the provider's subject only: an address can change hands. */
  withIdentity({ provider, subject }: ProviderIdentity): Person | undefined {
    const identity = this.#identities.find(provider, subject)
    return identity && this.find(identity.personId)
  }

  connect(personId: string, { provider, subject, label }: ProviderIdentity): Result<void> {
    return this.#ledger.write((): Result<void> => {
      const known = this.#identities.find(provider, subject)
      if (known) return known.personId === personId ? ok(undefined) : fail('identity_taken')
      const createdAt = this.#clock.now()
      this.#identities.insert({ provider, subject, personId, label, createdAt })
      this.#noteEverywhere(personId, [{ field: `sign-in with ${provider}`, to: label }])
      return ok(undefined)
    })
  }

  disconnect(person: Person, provider: string, subject: string): Result<void> {
    return this.#ledger.write((): Result<void> => {
      const own = this.#identities.ofPerson(person.id)
      const found = own.find((one) => one.provider === provider && one.subject === subject)
      if (!found) return fail('identity_unknown')
      if (own.length === 1 && !person.hasPassword)
        return fail('invalid', 'set a password first: this is the only way in')
      this.#identities.remove(provider, subject)
      this.#noteEverywhere(person.id, [{ field: `sign-in with ${provider}`, from: found.label }])
      return ok(undefined)
    })
  }

  /** In the audit trail of every account that the person belongs to. */
  #noteEverywhere(personId: string, fields: NonNullable<Trace['fields']>): void {
    for (const accountId of this.accountsOf(personId))
      this.#note('change', personId, accountId, fields)
  }

  #note(action: Action, personId: string, accountId: string, fields: Trace['fields'] = []): void {
    const name = this.#people.byId(personId)?.email ?? personId
    this.#audit.record({ action, kind: 'person', id: personId, name, accountId, fields })
  }

  #hasOtherOwner(account: Account, personId: string): boolean {
    return hasOwnerWhoSignsIn(this.#store, account.id, personId)
  }
}

function personOf({ id, email, password }: PersonRow): Person {
  return { id, email, hasPassword: password !== null }
}

export function foldEmail(email: string): string {
  return email.trim().toLowerCase()
}

/** What is wrong with an address, or undefined. Whether it works is not ours to find out: nothing is sent there. */
export function emailFault(email: string): string | undefined {
  const trimmed = email.trim()
  if (trimmed.length > MAX_EMAIL_LENGTH || !/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(trimmed))
    return 'this is not an email address'
  return undefined
}
