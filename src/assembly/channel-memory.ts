/** What channels of apps may remember, for the two minutes in which clients come back. */
import type { Config } from '../config.ts'
import { RetentionBudget } from '../core/history/retention.ts'
import type { Owners } from '../core/owners.ts'
import { TWO_MINUTES_MS } from '../policy/two-minutes.ts'

export const MIB = 1_048_576

interface MemoryParts {
  readonly config: Config
  readonly owners: Owners
}

/** Of two parts of memory; the limit of an app is halved like that of the server. */
export function memoryOf({ config, owners }: MemoryParts): RetentionBudget {
  return new RetentionBudget({
    keepMs: TWO_MINUTES_MS,
    maxBytes: (config.historyMemoryMb * MIB) / 2,
    shareOf: (realm) => owners.shareOf(realm),
    maxBytesOf: (realm) => ((owners.limitsOf(realm).memoryMb ?? 0) * MIB) / 2,
  })
}
