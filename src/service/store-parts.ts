/** What is needed to read and write settings: database, ledger, clock. */
import type { Clock } from '../core/clock.ts'
import type { Store } from '../store/database.ts'
import type { Ledger } from '../store/ledger/ledger.ts'

export interface StoreParts {
  /** For reading; every write goes through the ledger. */
  readonly store: Store
  readonly ledger: Ledger
  readonly clock: Clock
}
