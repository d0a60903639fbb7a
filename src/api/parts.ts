/** What operations of the HTTP API are built from. */
import { type Result } from '../failure.ts'
import type { LiveService } from '../service/live/live.ts'
import type { Services } from '../service/services.ts'

export interface ApiParts {
  readonly services: Pick<
    Services,
    | 'audit'
    | 'ledger'
    | 'accounts'
    | 'reservations'
    | 'apps'
    | 'apiKeys'
    | 'channelRules'
    | 'keyring'
    | 'stats'
  >
  readonly live: LiveService
  /** Applies changed settings at once, without waiting for the next poll. */
  readonly onChange: () => void
}

/** Returns the result, after applying it where it is a success. */
export function applied<T>({ onChange }: ApiParts, result: Result<T>): Result<T> {
  if (result.ok) onChange()
  return result
}
