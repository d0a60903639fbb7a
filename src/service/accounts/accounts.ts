/** Accounts: who owns reservations and apps. The first start creates the owner, who may act for every account. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { type AccountRow, AccountTable } from '../../store/tables/accounts.ts'
import { AppTable } from '../../store/tables/apps.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { ReservationTable } from '../../store/tables/reservations.ts'
import type { AuditService } from '../audit/audit.ts'
import { newId } from '../id.ts'
import type { ServiceParts } from '../service-parts.ts'

export type Account = AccountRow

const OWNER_NAME = 'owner'
const NAME = /^[a-z0-9][a-z0-9._@+-]{0,63}$/i

export class AccountService {
  readonly #ledger: Ledger
  readonly #table: AccountTable
  readonly #reservations: ReservationTable
  readonly #apps: AppTable
  readonly #clock: Clock
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts) {
    this.#ledger = ledger
    this.#table = new AccountTable(store)
    this.#reservations = new ReservationTable(store)
    this.#apps = new AppTable(store)
    this.#clock = clock
    this.#audit = audit
  }

  /** Returns the owner account, creating it on the first start. Two first starts at once create only one. */
  ensureOwner(): Account {
    const found = this.#table.owner()
    if (found) return found
    return this.#ledger.write(() => this.#table.owner() ?? this.#insert(OWNER_NAME, 'owner'))
  }

  list(): Account[] {
    return this.#table.list()
  }

  /** Finds an account by id or by name. */
  find(idOrName: string): Result<Account> {
    const found = this.#table.byId(idOrName) ?? this.#table.byName(idOrName)
    return found ? ok(found) : fail('account_unknown')
  }

  add(name: string): Result<Account> {
    if (!NAME.test(name)) {
      return fail('invalid', 'an account name has 1 to 64 letters, digits or . _ @ + -')
    }
    return this.#ledger.write((): Result<Account> =>
      this.#table.byName(name) ? fail('account_taken') : ok(this.#insert(name, 'member')),
    )
  }

  /** Removes an account with its access tokens. Refused while it still has reservations or apps. */
  remove(idOrName: string): Result<Account> {
    return this.#ledger.write((): Result<Account> => {
      const found = this.find(idOrName)
      if (!found.ok) return found
      if (found.value.role === 'owner') return fail('account_needed')
      if (this.#reservations.countOf(found.value.id) > 0) return fail('account_in_use')
      if (this.#apps.list(found.value.id).length > 0)
        return fail('account_in_use', 'the account still has apps')
      this.#table.remove(found.value.id)
      this.#note('remove', found.value)
      return found
    })
  }

  #insert(name: string, role: Account['role']): Account {
    const account: Account = { id: newId(), name, role, createdAt: this.#clock.now() }
    this.#table.insert(account)
    this.#note('add', account)
    return account
  }

  #note(action: 'add' | 'remove', { id, name }: Account): void {
    this.#audit.record({ action, kind: 'account', id, name, accountId: id })
  }
}
