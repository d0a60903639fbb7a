/** What is needed to read and to write settings. */
import type { Clock } from '../core/clock.ts'
import type { Store } from '../store/database.ts'
import type { Ledger } from '../store/ledger/ledger.ts'

export interface StoreParts {
  /** Read directly, and written through the ledger only. */
  readonly store: Store
  readonly ledger: Ledger
  readonly clock: Clock
}
