/** Joins people to accounts by one-time links: claiming an account, and accepting an invitation. */
import type { Soon } from '../../core/soon.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { ProviderIdentity } from '../../identity/providers/provider.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import type { AccountService } from './accounts.ts'
import type { AuditService } from '../audit/audit.ts'
import type { OneTimeLink, OneTimeLinkKind, OneTimeLinkService } from './one-time-links.ts'
import type { PeopleService, Person } from './people.ts'
import type { EmailAndPassword, SignInMethodService } from './sign-in-methods.ts'

/** A person who has used a link, and the account that they joined. */
export interface JoinedPerson {
  readonly person: Person
  readonly accountId: string
}

const LINK_WORDS = { claim: 'a claim link', invite: 'an invitation' } as const

export interface SignUpParts {
  readonly ledger: Ledger
  readonly accounts: AccountService
  readonly oneTimeLinks: OneTimeLinkService
  readonly people: PeopleService
  readonly signInMethods: SignInMethodService
  readonly audit: AuditService
}

export class SignUp {
  readonly #ledger: Ledger
  readonly #accounts: AccountService
  readonly #oneTimeLinks: OneTimeLinkService
  readonly #people: PeopleService
  readonly #signInMethods: SignInMethodService
  readonly #audit: AuditService

  constructor({ ledger, accounts, oneTimeLinks, people, signInMethods, audit }: SignUpParts) {
    this.#ledger = ledger
    this.#accounts = accounts
    this.#oneTimeLinks = oneTimeLinks
    this.#people = people
    this.#signInMethods = signInMethods
    this.#audit = audit
  }

  /**
   * Claims an account for a new person, or gives an owner who has lost the password a new one.
   * @returns `email_taken` where the address belongs to anybody else: a link to one account gives no right over others
   */
  async claim(secret: string, given: EmailAndPassword): Promise<Result<JoinedPerson>> {
    const { email } = given
    const hash = await this.#hashFor('claim', secret, given)
    if (!hash.ok) return hash
    return this.#arrive('claim', secret, ({ accountId }) => {
      const known = this.#people.byEmail(email)
      if (!known) return this.#people.add(email, hash.value)
      if (!this.#isLostOwner(known, accountId)) return fail('email_taken')
      this.#signInMethods.setPasswordHash(known.id, hash.value)
      return ok(known)
    })
  }

  /** Accepts an invitation for a new person. */
  async accept(secret: string, given: EmailAndPassword): Promise<Result<JoinedPerson>> {
    const hash = await this.#hashFor('invite', secret, given)
    if (!hash.ok) return hash
    return this.#arrive('invite', secret, () => this.#people.add(given.email, hash.value))
  }

  /** Joins a person who is signed in already. */
  join(kind: OneTimeLinkKind, secret: string, { id }: Person): Soon<Result<JoinedPerson>> {
    return this.#arrive(kind, secret, () => {
      const person = this.#people.find(id)
      return person ? ok(person) : fail('person_unknown')
    })
  }

  /** Joins a new person who signs in with a provider. The provider's email is a label: it never matches an existing person. */
  arriveWith(
    kind: OneTimeLinkKind,
    secret: string,
    identity: ProviderIdentity,
  ): Soon<Result<JoinedPerson>> {
    return this.#arrive(kind, secret, () => {
      if (this.#signInMethods.withIdentity(identity)) return fail('identity_taken')
      const added = this.#people.add(identity.email, null)
      if (!added.ok) return added
      const connected = this.#signInMethods.connect(added.value.id, identity)
      return connected.ok ? added : connected
    })
  }

  /** Hashes only for a valid link, so that strangers cannot make the server hash. */
  async #hashFor(
    kind: OneTimeLinkKind,
    secret: string,
    given: EmailAndPassword,
  ): Promise<Result<string>> {
    const link = this.#oneTimeLinks.read(kind, secret)
    return link.ok ? this.#signInMethods.hashOf(given) : link
  }

  /**
   * Whether a link to an account may give this person a new password, which opens all their accounts. The server's
   * owner account is above all others, so its members get one by a link to that account only.
   */
  #isLostOwner({ id }: Person, accountId: string): boolean {
    if (this.#people.roleOf(id, accountId) !== 'owner') return false
    const above = this.#accounts.ensureOwner().id
    return accountId === above || this.#people.roleOf(id, above) === undefined
  }

  #arrive(
    kind: OneTimeLinkKind,
    secret: string,
    whom: (link: OneTimeLink) => Result<Person>,
  ): Soon<Result<JoinedPerson>> {
    return this.#ledger.commit((): Result<JoinedPerson> => {
      const link = this.#oneTimeLinks.read(kind, secret)
      if (!link.ok) return link
      const person = whom(link.value)
      if (!person.ok) return person
      const used = this.#oneTimeLinks.use(kind, secret)
      if (!used.ok) return used
      this.#admit(person.value, used.value)
      return ok({ person: person.value, accountId: used.value.accountId })
    })
  }

  /** Makes the person a member. An invitation never lowers the role of somebody who is a member already. */
  #admit(person: Person, { accountId, role, kind }: OneTimeLink): void {
    const present = this.#people.roleOf(person.id, accountId)
    if (present !== undefined && kind !== 'claim') return
    this.#people.admit(person.id, accountId, role)
    const { id, email: name } = person
    const fields = [
      { field: 'role', to: role },
      { field: 'with', to: LINK_WORDS[kind] },
    ]
    this.#audit.record(
      { action: 'join', kind: 'person', id, name, accountId, fields },
      { kind: 'person', name },
    )
  }
}
