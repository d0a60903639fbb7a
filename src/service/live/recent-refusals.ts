/** Which of the recent refusals an account may see. */
import type { FailureName } from '../../failure.ts'
import type { Account } from '../accounts/accounts.ts'
import type { AppService } from '../apps/apps.ts'
import { parseKeyName } from '../apps/key-name.ts'
import type { LiveService } from './live.ts'

/** Refusals that are alike, counted. */
export interface RefusalSummary {
  readonly reason: FailureName
  readonly message: string
  /** Milliseconds since the epoch: of the first of these, and of the last. */
  readonly first: number
  readonly last: number
  readonly count: number
  /** The same fields as in the log: never a key, a query string or a message. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** Refusals that concern an account: on its channels, of its apps. The server's own account (undefined) sees all. */
export function visibleRefusals(
  refusals: readonly RefusalSummary[],
  account: Account | undefined,
  { live, apps }: { readonly live: LiveService; readonly apps: AppService },
): readonly RefusalSummary[] {
  if (account === undefined) return refusals
  const own = new Set(apps.list(account).map(({ id }) => id))
  return refusals.filter(({ detail: { app, channel, key } }) => {
    const appId = app ?? (typeof key === 'string' ? parseKeyName(key).appId : undefined)
    if (typeof appId === 'string') return own.has(appId)
    return typeof channel === 'string' && live.ownerOf(channel) === account.id
  })
}
