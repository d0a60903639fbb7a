/** What the operations of the HTTP API work with. */
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
  /** Makes a change of the settings apply at once. */
  readonly onChange: () => void
}

/** Passes a result on, and where it is a success makes it apply. */
export function applied<T>({ onChange }: ApiParts, result: Result<T>): Result<T> {
  if (result.ok) onChange()
  return result
}
