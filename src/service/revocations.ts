/** Revocations of tokens: kept as long as a token that they concern can still be valid. */
import type { Clock } from '../core/clock.ts'
import type { StoredRevocation } from '../identity/revocation-request.ts'
import { RevocationTable } from '../store/apps.ts'
import type { Store } from '../store/database.ts'

export class RevocationService {
  readonly #store: Store
  readonly #table: RevocationTable
  readonly #clock: Clock

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#table = new RevocationTable(store)
    this.#clock = clock
  }

  /** Stores them all or none; durable when it returns. */
  add(appId: string, revocations: readonly StoredRevocation[]): void {
    const now = this.#clock.now()
    this.#store.db.transaction(
      () => {
        for (const revocation of revocations) this.#table.insert({ appId, ...revocation }, now)
      },
      { behavior: 'immediate' },
    )
  }
}
