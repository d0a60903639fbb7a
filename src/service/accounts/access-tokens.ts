/** Access tokens for the HTTP API: made, listed, checked and revoked. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { hashAccessToken, newAccessToken } from '../../identity/access-token.ts'
import { type AccessTokenRow, AccessTokenTable, AccountTable } from '../../store/tables/accounts.ts'
import { quietly } from '../../trouble.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import type { Account } from './accounts.ts'
import type { AuditService } from '../audit/audit.ts'
import { fieldsOf } from '../audit/audited-fields.ts'
import { newId } from '../id.ts'
import type { ServiceParts } from '../service-parts.ts'

export const SCOPES = [
  'read:account',
  'write:account',
  'read:reservation',
  'write:reservation',
  'read:channel',
  'read:connection',
  'write:connection',
  'read:app',
  'write:app',
  'read:key',
  'write:key',
  'read:namespace',
  'write:namespace',
  'read:stats',
  'read:audit',
] as const

export type Scope = (typeof SCOPES)[number]

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text)
}

/** A stored token without its hash; the token itself is shown once, when it is made. */
export type AccessToken = Omit<AccessTokenRow, 'hash' | 'scopes'> & { readonly scopes: Scope[] }

/** Who an access token speaks for. */
export interface Bearer {
  readonly account: Account
  readonly token: AccessToken
}

export interface NewAccessToken {
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Milliseconds from now; undefined for a token that does not expire. */
  readonly lifetime: number | undefined
}

/** Id of the stand-in token of the command line, which is in no table. */
export const COMMAND_LINE = 'command-line'

/** `lastUsedAt` is written at most this often: it helps people find forgotten tokens, and is no audit. */
const USE_NOTED_EVERY_MS = 60_000

export class AccessTokenService {
  readonly #ledger: Ledger
  readonly #tokens: AccessTokenTable
  readonly #accounts: AccountTable
  readonly #clock: Clock
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts) {
    this.#ledger = ledger
    this.#tokens = new AccessTokenTable(store)
    this.#accounts = new AccountTable(store)
    this.#clock = clock
    this.#audit = audit
  }

  list(account: Account | undefined): AccessToken[] {
    return this.#tokens.list(account?.id).map(withoutHash)
  }

  add(
    account: Account,
    wish: NewAccessToken,
  ): { readonly token: AccessToken; readonly secret: string } {
    const secret = newAccessToken()
    const now = this.#clock.now()
    const row: AccessTokenRow = {
      id: newId(),
      accountId: account.id,
      name: wish.name,
      hash: hashAccessToken(secret),
      scopes: [...wish.scopes],
      createdAt: now,
      expiresAt: wish.lifetime === undefined ? null : now + wish.lifetime,
      lastUsedAt: null,
    }
    this.#ledger.write(() => {
      this.#tokens.insert(row)
      this.#note('add', row)
    })
    return { token: withoutHash(row), secret }
  }

  remove(id: string): Result<AccessToken> {
    return this.#ledger.write((): Result<AccessToken> => {
      const row = this.#tokens.byId(id)
      if (!row) return fail('token_unknown')
      this.#tokens.remove(id)
      this.#note('revoke', row)
      return ok(withoutHash(row))
    })
  }

  /** Revokes every token of an account. */
  removeAll(account: Account): number {
    return this.#ledger.write(() => {
      for (const row of this.#tokens.list(account.id)) this.#note('revoke', row)
      return this.#tokens.removeOf(account.id)
    })
  }

  /** Checks the bearer token of an `Authorization` header. */
  identify(authorization: string | null): Result<Bearer> {
    const secret = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1]
    return secret === undefined ? fail('unauthorized') : this.check(secret)
  }

  /** The bearer for the command line on the server's machine: every scope, and no stored token. */
  operator(owner: Account): Result<Bearer> {
    const token: AccessToken = {
      id: COMMAND_LINE,
      accountId: owner.id,
      name: 'command line',
      scopes: [...SCOPES],
      createdAt: 0,
      expiresAt: null,
      lastUsedAt: null,
    }
    return ok({ account: owner, token })
  }

  /** Who holds this token. Unknown, revoked and expired tokens give the same failure. */
  check(secret: string): Result<Bearer> {
    const row = this.#tokens.byHash(hashAccessToken(secret))
    const now = this.#clock.now()
    if (!row || (row.expiresAt !== null && row.expiresAt <= now)) return fail('unauthorized')
    const account = this.#accounts.byId(row.accountId)
    if (!account) return fail('unauthorized')
    // Best effort: if the database is locked, the next request writes it.
    if (Math.abs(now - (row.lastUsedAt ?? 0)) > USE_NOTED_EVERY_MS)
      quietly(() => this.#ledger.write(() => this.#tokens.used(row.id, now)))
    return ok({ account, token: withoutHash(row) })
  }

  #note(action: 'add' | 'revoke', row: AccessTokenRow): void {
    const { id, name, accountId, scopes } = row
    const fields = action === 'add' ? fieldsOf({}, { scopes: scopes.join(' ') }, SHOWN) : []
    this.#audit.record({ action, kind: 'access_token', id, name, accountId, fields })
  }
}

const SHOWN = { scopes: 'scopes' }

function withoutHash({ hash: _, scopes, ...rest }: AccessTokenRow): AccessToken {
  return { ...rest, scopes: scopes.filter(isScope) }
}
