/** Links that work once: to claim an account as its owner, and to join one. */
import type { Clock } from '../../core/clock.ts'
import { SettledDate } from '../../core/time/settled-date.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { hashWebSecret, newWebSecret } from '../../identity/web-secret.ts'
import type { Role } from '../../policy/roles.ts'
import type { Store } from '../../store/database.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { readFact, writeFact } from '../../store/tables/facts.ts'
import { type LinkRow, LinkTable } from '../../store/tables/sessions.ts'
import type { Account } from './accounts.ts'
import type { AuditService } from '../audit/audit.ts'
import { newId } from '../id.ts'
import type { ServiceParts } from '../service-parts.ts'

/** A link without the hash of its secret. */
export type OneTimeLink = Omit<LinkRow, 'hash'>
export type OneTimeLinkKind = OneTimeLink['kind']

/** The fact with the address of the server that ran last, from which commands build links. */
const ADDRESS = 'address'

const HOUR = 3_600_000
const LIFETIME: Readonly<Record<OneTimeLinkKind, number>> = { claim: HOUR, invite: 7 * 24 * HOUR }
const MAX_NOTE_LENGTH = 254

export class OneTimeLinkService {
  readonly #store: Store
  readonly #ledger: Ledger
  readonly #table: LinkTable
  readonly #clock: Clock
  readonly #date: SettledDate
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts) {
    this.#store = store
    this.#ledger = ledger
    this.#table = new LinkTable(store)
    this.#clock = clock
    this.#date = new SettledDate(clock)
    this.#audit = audit
  }

  /** Remembers the server's address. @param address with the base path */
  keepAddress(address: string): void {
    this.#ledger.write(() => writeFact(this.#store, ADDRESS, Buffer.from(address)))
  }

  /** Makes a link, valid for an hour, that makes whoever opens it an owner. Earlier claim links of the account end. */
  claim(account: Account): string {
    const secret = this.#ledger.write(() => {
      this.#table.removeOf(account.id, 'claim')
      return this.#add(account, 'claim', 'owner', null)
    })
    const address = readFact(this.#store, ADDRESS)?.toString() ?? 'http://localhost:8080'
    return `${address}/dashboard/claim?token=${secret}`
  }

  /** Makes an invitation link, valid for a week. @param note shown in the list of open invitations */
  invite(account: Account, role: Role, note: string): Result<string> {
    const trimmed = note.trim()
    if (trimmed.length > MAX_NOTE_LENGTH || /\p{Cc}/u.test(trimmed))
      return fail('invalid', `the note has at most ${MAX_NOTE_LENGTH} characters, in one line`)
    const kept = trimmed === '' ? null : trimmed
    return this.#ledger.write(() => ok(this.#add(account, 'invite', role, kept)))
  }

  /** Open invitations: neither used nor expired. */
  invitations(account: Account): OneTimeLink[] {
    const now = this.#clock.now()
    const open = this.#table.list(account.id, 'invite').filter(({ expiresAt }) => expiresAt > now)
    return open.map(withoutHash)
  }

  withdraw(account: Account, id: string): Result<void> {
    return this.#ledger.write((): Result<void> => {
      const known = this.invitations(account).find((link) => link.id === id)
      if (!known || !this.#table.take(id)) return fail('link_invalid')
      const trace = { action: 'remove', kind: 'invitation', id, accountId: account.id } as const
      this.#audit.record({ ...trace, name: known.note ?? known.role })
      return ok(undefined)
    })
  }

  /** Reads a link without using it up. Used, expired and unknown links give the same failure. */
  read(kind: OneTimeLinkKind, secret: string): Result<OneTimeLink> {
    const row = this.#table.byHash(hashWebSecret(secret))
    if (!row || row.kind !== kind || row.expiresAt <= this.#clock.now()) return fail('link_invalid')
    return ok(withoutHash(row))
  }

  /** Uses a link up, in the transaction of what it permits: it counts once. */
  use(kind: OneTimeLinkKind, secret: string): Result<OneTimeLink> {
    return this.#ledger.write((): Result<OneTimeLink> => {
      const found = this.read(kind, secret)
      return found.ok && this.#table.take(found.value.id) ? found : fail('link_invalid')
    })
  }

  #add(account: Account, kind: OneTimeLinkKind, role: Role, note: string | null): string {
    const secret = newWebSecret()
    const createdAt = this.#clock.now()
    this.#table.removeExpired(this.#date.now())
    const id = newId()
    this.#table.insert({
      id,
      hash: hashWebSecret(secret),
      kind,
      accountId: account.id,
      role,
      note,
      createdAt,
      expiresAt: createdAt + LIFETIME[kind],
    })
    this.#audit.record({
      action: 'add',
      kind: kind === 'claim' ? 'claim_link' : 'invitation',
      id,
      name: note ?? (kind === 'claim' ? account.name : role),
      accountId: account.id,
      fields: [{ field: 'role', to: role }],
    })
    return secret
  }
}

function withoutHash({ hash: _, ...link }: LinkRow): OneTimeLink {
  return link
}
