/** What an account may see: the owner account everything, others only what is theirs. */
import { type Result, fail } from '../failure.ts'
import type { Bearer } from '../service/accounts/access-tokens.ts'
import type { Account } from '../service/accounts/accounts.ts'

/** A bearer, or anybody else who acts for an account. */
type Acting = Pick<Bearer, 'account'>

export function isOwner({ account }: Acting): boolean {
  return account.role === 'owner'
}

export function maySee(bearer: Acting, accountId: string): boolean {
  return isOwner(bearer) || bearer.account.id === accountId
}

/** The account whose things a bearer may see; undefined for all accounts. */
export function accountFilter(bearer: Acting): Account | undefined {
  return isOwner(bearer) ? undefined : bearer.account
}

export function visibleAccount(found: Result<Account>, bearer: Acting): Result<Account> {
  return found.ok && !maySee(bearer, found.value.id) ? fail('account_unknown') : found
}
