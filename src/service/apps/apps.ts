/** Apps, which own API keys and channel rules. The first start creates the default app, used where none is named. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import {
  type AppLimits,
  NO_APP_LIMITS,
  keptLimits,
  limitsFault,
  limitsOf,
} from '../../policy/app-limits.ts'
import { type AppRow, AppTable } from '../../store/tables/apps.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { ReservationTable } from '../../store/tables/reservations.ts'
import type { Account } from '../accounts/accounts.ts'
import type { Action, AuditService, AuditEvent } from '../audit/audit.ts'
import { fieldsOf } from '../audit/audited-fields.ts'
import { newShortId } from '../id.ts'
import type { ServiceParts } from '../service-parts.ts'

export type App = AppRow

/** What is left out stays as it is. */
export interface AppChange extends Partial<AppLimits> {
  readonly name?: string
  readonly status?: App['status']
  readonly tlsOnly?: boolean
}

export interface NewApp extends Omit<AppChange, 'name'> {
  readonly name: string
  /** Milliseconds from now, after which the app is gone; undefined for an app that stays. */
  readonly lifetime?: number
  /** For a sandbox app, the address that created it, with which it shares limits. */
  readonly madeBy?: string
}

const DEFAULT_NAME = 'default'
const MAX_NAME_LENGTH = 100

export class AppService {
  readonly #ledger: Ledger
  readonly #table: AppTable
  readonly #reservations: ReservationTable
  readonly #clock: Clock
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts) {
    this.#ledger = ledger
    this.#table = new AppTable(store)
    this.#reservations = new ReservationTable(store)
    this.#clock = clock
    this.#audit = audit
  }

  /**
   * Returns the default app, creating it for this account if there is none.
   * @param onMade runs in the transaction of the creation: the app never exists without what it adds
   */
  ensureDefault(owner: Account, onMade: (app: App) => void): App {
    const found = this.#table.default()
    if (found) return found
    return this.#ledger.write(() => {
      const meanwhile = this.#table.default()
      if (meanwhile) return meanwhile
      const app = this.#row(owner, { name: DEFAULT_NAME }, true)
      this.#table.insert(app)
      this.#note('add', app)
      onMade(app)
      return app
    })
  }

  /** @param account whose apps are listed; undefined for all accounts */
  list(account: Pick<Account, 'id'> | undefined): App[] {
    return this.#table.list(account?.id)
  }

  /** By id or by name; without either, the default app. */
  find(idOrName: string | undefined): Result<App> {
    if (idOrName === undefined) {
      const app = this.#table.default()
      return app ? ok(app) : fail('app_not_found')
    }
    const found = this.#table.byId(idOrName)
    if (found) return ok(found)
    const [named, another] = this.#table.byName(idOrName)
    if (another) return fail('app_ambiguous')
    return named ? ok(named) : fail('app_not_found')
  }

  add(account: Account, wish: NewApp): Result<App> {
    const fault = nameFault(wish.name) ?? limitsFault(wish)
    if (fault !== undefined) return fail('invalid', fault)
    return this.#ledger.write((): Result<App> => {
      if (this.#table.ofAccount(account.id, wish.name)) return fail('app_taken')
      const app = this.#row(account, keptLimits(wish), false)
      this.#table.insert(app)
      this.#note('add', app, fieldsOf({ name: app.name }, app, SHOWN))
      return ok(app)
    })
  }

  set(id: string, wish: AppChange): Result<App> {
    const nameIsWrong = wish.name === undefined ? undefined : nameFault(wish.name)
    const fault = nameIsWrong ?? limitsFault(wish)
    if (fault !== undefined) return fail('invalid', fault)
    const change = keptLimits(wish)
    return this.#ledger.write((): Result<App> => {
      const app = this.#table.byId(id)
      if (!app) return fail('app_not_found')
      const namesake = this.#table.ofAccount(app.accountId, change.name ?? app.name)
      if (namesake && namesake.id !== id) return fail('app_taken')
      const patch = { ...change, updatedAt: this.#clock.now() }
      this.#table.update(id, patch)
      this.#note('change', { ...app, ...patch }, fieldsOf(app, change, SHOWN))
      return ok({ ...app, ...patch })
    })
  }

  /** Removes an app with its keys, rules and revocations, and unlinks reservations that were linked to it. */
  remove(id: string): Result<App> {
    return this.#ledger.write((): Result<App> => {
      const app = this.#table.byId(id)
      if (!app) return fail('app_not_found')
      if (app.isDefault) return fail('app_needed')
      this.#remove(id)
      this.#note('remove', app)
      return ok(app)
    })
  }

  /** Number of apps that will expire, by the address that created them. */
  countExpiring(): { readonly madeBy: string | null; readonly apps: number }[] {
    return this.#table.countExpiring()
  }

  /** Removes the apps that have expired by a date. @returns which */
  removeExpired(now: number): App[] {
    return this.#ledger.write(() => {
      const expired = this.#table.expired(now)
      for (const { id } of expired) this.#remove(id)
      return expired
    })
  }

  #note(action: Action, app: App, fields: AuditEvent['fields'] = []): void {
    if (!isKept(app)) return
    const { id, name, accountId } = app
    this.#audit.record({ action, kind: 'app', id, name, accountId, fields })
  }

  #remove(id: string): void {
    for (const row of this.#reservations.ofApp(id)) this.#reservations.update(row, { appId: null })
    this.#table.remove(id)
  }

  #row(account: Account, wish: NewApp, isDefault: boolean): App {
    const now = this.#clock.now()
    return {
      id: this.#newId(),
      accountId: account.id,
      name: wish.name,
      status: wish.status ?? 'enabled',
      tlsOnly: wish.tlsOnly ?? false,
      isDefault,
      createdAt: now,
      updatedAt: now,
      expiresAt: wish.lifetime === undefined ? null : now + wish.lifetime,
      ...limitsOf({ ...NO_APP_LIMITS, ...wish }),
      madeBy: wish.madeBy ?? null,
    }
  }

  #newId(): string {
    let id = newShortId()
    while (this.#table.byId(id)) id = newShortId()
    return id
  }
}

const SHOWN = {
  name: 'name',
  status: 'status',
  tlsOnly: 'TLS only',
  maxConnections: 'most connections',
  maxChannels: 'most channels',
  messageRate: 'messages a second',
  memoryMb: 'MB of memory',
  diskMb: 'MB on the disk',
  maxPresenceMembers: 'most presence members',
  allowedOrigins: 'origins',
}

/** Whether the app is audited: sandbox apps come and go by the hundred and would bury everything else. */
export function isKept({ expiresAt }: App): boolean {
  return expiresAt === null
}

function nameFault(name: string): string | undefined {
  if (name.trim() !== name || name === '' || name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(name))
    return `a name has 1 to ${MAX_NAME_LENGTH} characters, no control characters and no spaces at its ends`
  return undefined
}
