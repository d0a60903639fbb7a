/** What people sign in with: a password, and identities with providers. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { type PasswordHasher, passwordFault } from '../../identity/password.ts'
import type { ProviderIdentity } from '../../identity/providers/provider.ts'
import { limitKey } from '../../policy/address.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { type IdentityRow, IdentityTable, PersonTable } from '../../store/tables/people.ts'
import { SessionTable } from '../../store/tables/sessions.ts'
import type { AuditService, AuditEvent } from '../audit/audit.ts'
import type { ServiceParts } from '../service-parts.ts'
import { type PeopleService, type Person, emailFault, foldEmail, personOf } from './people.ts'

/** What somebody signs in with, or wants to sign in with. */
export interface EmailAndPassword {
  readonly email: string
  readonly password: string
  /** The address that the request comes from. */
  readonly address: string
}

export class SignInMethodService {
  readonly #ledger: Ledger
  readonly #table: PersonTable
  readonly #identities: IdentityTable
  readonly #sessions: SessionTable
  readonly #people: PeopleService
  readonly #hasher: PasswordHasher
  readonly #clock: Clock
  readonly #audit: AuditService

  constructor(
    { store, ledger, clock, audit }: ServiceParts,
    people: PeopleService,
    hasher: PasswordHasher,
  ) {
    this.#ledger = ledger
    this.#table = new PersonTable(store)
    this.#identities = new IdentityTable(store)
    this.#sessions = new SessionTable(store)
    this.#people = people
    this.#hasher = hasher
    this.#clock = clock
    this.#audit = audit
  }

  /** Hashes a new password. @returns `invalid` where the address or the password is not acceptable */
  hashOf({ email, password, address }: EmailAndPassword): Promise<Result<string>> {
    const fault = emailFault(email) ?? passwordFault(password, email.trim())
    if (fault !== undefined) return Promise.resolve(fail('invalid', fault))
    return this.#hasher.hash(password, limitKey(address))
  }

  /** Whether the password is this person's; takes as long for an unknown person. */
  fits(personId: string, password: string, address: string): Promise<Result<boolean>> {
    const known = this.#table.byId(personId)?.password
    return this.#hasher.check(password, known, limitKey(address))
  }

  /** The person with this email and password; an unknown email takes as long as a wrong password. */
  async withPassword({ email, password, address }: EmailAndPassword): Promise<Result<Person>> {
    const row = this.#table.byEmail(foldEmail(email))
    const fits = await this.#hasher.check(password, row?.password, limitKey(address))
    if (!fits.ok) return fits
    // While the hash was computed the person may have been removed, or got another password.
    const known = row && fits.value ? this.#table.byId(row.id) : undefined
    return known && known.password === row?.password ? ok(personOf(known)) : fail('sign_in_refused')
  }

  /** Sets a new password and ends every session; the caller opens a new one for the browser that asked. */
  setPasswordHash(personId: string, hash: string): void {
    this.#ledger.write(() => {
      this.#table.setPassword(personId, hash)
      this.#sessions.removeOf(personId)
      this.#noteEverywhere(personId, [{ field: 'password', to: 'changed' }])
    })
  }

  identitiesOf(personId: string): IdentityRow[] {
    return this.#identities.ofPerson(personId)
  }

  /** Finds a person by the provider's subject, never by the email address, which can change hands. */
  withIdentity({ provider, subject }: ProviderIdentity): Person | undefined {
    const identity = this.#identities.find(provider, subject)
    return identity && this.#people.find(identity.personId)
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

  /** Records a change in the audit trail of every account that the person belongs to. */
  #noteEverywhere(personId: string, fields: NonNullable<AuditEvent['fields']>): void {
    const name = this.#people.find(personId)?.email ?? personId
    for (const accountId of this.#people.accountsOf(personId))
      this.#audit.record({
        action: 'change',
        kind: 'person',
        id: personId,
        name,
        accountId,
        fields,
      })
  }
}
