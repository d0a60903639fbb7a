/** Access of the person who is signed in: to their own account, or to all accounts for people of the server's own. */
import { isOwner, maySee, accountFilter } from '../api/access.ts'
import { type Result, fail } from '../failure.ts'
import { hasRight } from '../policy/roles.ts'
import type { Account } from '../service/accounts/accounts.ts'
import type { App } from '../service/apps/apps.ts'
import type { OwnedReservation } from '../service/reservations/reservations.ts'
import { type PageRequest, requireSignedIn } from './page-request.ts'

/** The account whose things are listed; undefined for those of all accounts. */
export function accountScope(page: PageRequest): Account | undefined {
  return accountFilter(requireSignedIn(page))
}

/** The accounts that somebody may choose from, their own first. */
export function accountChoices(page: PageRequest): readonly Account[] {
  const { account } = requireSignedIn(page)
  if (accountScope(page)) return [account]
  const others = page.var.parts.services.accounts.list().filter(({ id }) => id !== account.id)
  return [account, ...others]
}

/** The account that a form names, if it is one to choose from; without a name, one's own. */
export function chosenAccount(page: PageRequest, id: string): Account {
  const found = accountChoices(page).find((account) => account.id === id)
  return found ?? requireSignedIn(page).account
}

/** Whether somebody may do what concerns the server as a whole. */
export function mayGovernServer(page: PageRequest): boolean {
  const { signedIn } = page.var
  return signedIn !== undefined && isOwner(signedIn) && hasRight(signedIn.role, 'govern')
}

/** Whether secrets may be shown to whoever looks. */
export function maySeeSecrets(page: PageRequest): boolean {
  return hasRight(requireSignedIn(page).role, 'manage')
}

/** A reservation that the person may see; one of another account is reported like one that does not exist. */
export function visibleReservation(page: PageRequest, id: string): Result<OwnedReservation> {
  const found = page.var.parts.services.reservations.find(id)
  if (!found.ok || found.value.id !== id) return fail('reservation_unknown')
  return maySee(requireSignedIn(page), found.value.accountId) ? found : fail('reservation_unknown')
}

export function visibleApp(page: PageRequest, id: string): Result<App> {
  const found = page.var.parts.services.apps.find(id)
  if (!found.ok || found.value.id !== id) return fail('app_not_found')
  return maySee(requireSignedIn(page), found.value.accountId) ? found : fail('app_not_found')
}
