/** Dashboard sessions: opened at sign-in, found by the secret in the cookie, ended by time or by a person. */
import type { Clock } from '../../core/clock.ts'
import { SettledDate } from '../../core/time/settled-date.ts'
import { hashWebSecret, newWebSecret } from '../../identity/web-secret.ts'
import type { Role } from '../../policy/roles.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { AccountTable } from '../../store/tables/accounts.ts'
import { type SessionRow, SessionTable } from '../../store/tables/sessions.ts'
import type { Account } from './accounts.ts'
import type { AuditService } from '../audit/audit.ts'
import type { ServiceParts } from '../service-parts.ts'
import { quietly } from '../../trouble.ts'
import type { PeopleService, Person } from './people.ts'

/** A session without the hash of its secret. */
export type Session = Omit<SessionRow, 'hash'>

/** Who asks, with what rights: read anew for every request, so that a change of rights counts at once. */
export interface SignedIn {
  readonly session: Session
  readonly person: Person
  readonly account: Account
  readonly role: Role
}

/** The browser that opens a session. */
export interface Browser {
  readonly address: string
  readonly agent: string
}

const DAY = 86_400_000
/** A session ends after this long without use, */
const IDLE_MS = 7 * DAY
/** and in any case this long after it was opened. The cookie lives as long. */
export const SESSION_MS = 30 * DAY
/** `seenAt` is written at most this often. */
const SEEN_EVERY_MS = 60_000
const MAX_AGENT_LENGTH = 200

export class SessionService {
  readonly #ledger: Ledger
  readonly #table: SessionTable
  readonly #accounts: AccountTable
  readonly #people: PeopleService
  readonly #clock: Clock
  readonly #date: SettledDate
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts, people: PeopleService) {
    this.#ledger = ledger
    this.#table = new SessionTable(store)
    this.#accounts = new AccountTable(store)
    this.#people = people
    this.#clock = clock
    this.#date = new SettledDate(clock)
    this.#audit = audit
  }

  /** Opens a session. @returns a new secret for the cookie, never one that the browser sent (no session fixation) */
  open(personId: string, accountId: string, { address, agent }: Browser): string {
    const secret = newWebSecret()
    const now = this.#clock.now()
    const hash = hashWebSecret(secret)
    const settled = this.#date.now()
    this.#ledger.write(() => {
      this.#table.removeEnded(settled, settled - IDLE_MS)
      this.#table.insert({
        id: hash.toString('hex').slice(0, 16),
        hash,
        personId,
        accountId,
        createdAt: now,
        seenAt: now,
        expiresAt: now + SESSION_MS,
        address,
        agent: agent.slice(0, MAX_AGENT_LENGTH),
      })
      this.#note('sign_in', personId, accountId, address)
    })
    return secret
  }

  /** The person, account and role behind a secret; undefined once the session, person or membership has ended. */
  find(secret: string, address: string): SignedIn | undefined {
    const row = this.#table.byHash(hashWebSecret(secret))
    const now = this.#clock.now()
    if (!row || row.expiresAt <= now || row.seenAt <= now - IDLE_MS) return undefined
    const person = this.#people.find(row.personId)
    const account = this.#accounts.byId(row.accountId)
    const role = this.#people.roleOf(row.personId, row.accountId)
    if (!person || !account || role === undefined) return undefined
    // Best effort: if the database is locked, the next request writes it.
    if (Math.abs(now - row.seenAt) > SEEN_EVERY_MS)
      quietly(() => this.#ledger.write(() => this.#table.seen(row.id, now, address)))
    return { session: withoutHash(row), person, account, role }
  }

  list(personId: string): Session[] {
    const now = this.#clock.now()
    return this.#table
      .ofPerson(personId)
      .filter(({ expiresAt, seenAt }) => expiresAt > now && seenAt > now - IDLE_MS)
      .map(withoutHash)
  }

  /** Ends one session, if it is this person's. */
  end(personId: string, id: string): boolean {
    return this.#ledger.write(() => {
      const own = this.#table.ofPerson(personId).find((row) => row.id === id)
      if (!own) return false
      this.#table.remove(id)
      this.#note('sign_out', personId, own.accountId, own.address)
      return true
    })
  }

  /** Signs a person out everywhere. */
  endAll(personId: string): void {
    this.#ledger.write(() => {
      for (const { accountId, address } of this.#table.ofPerson(personId))
        this.#note('sign_out', personId, accountId, address)
      this.#table.removeOf(personId)
    })
  }

  /** Records the person as the actor: at sign-in the request does not know yet who acts. */
  #note(
    action: 'sign_in' | 'sign_out',
    personId: string,
    accountId: string,
    address: string,
  ): void {
    const name = this.#people.find(personId)?.email ?? personId
    this.#audit.record(
      { action, kind: 'session', id: personId, name, accountId },
      { kind: 'person', name, address },
    )
  }

  /** Whether the person is signed in from this address. */
  isKnownFrom(personId: string, address: string): boolean {
    return this.list(personId).some((session) => session.address === address)
  }
}

function withoutHash({ hash: _, ...session }: SessionRow): Session {
  return session
}
