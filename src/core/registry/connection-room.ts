/** Whether clients of apps may still connect, and how many have: over sockets, by requests, as streams. */
import type { FailureName } from '../../failure.ts'
import type { Owners } from '../owners.ts'
import type { Pool, PoolShare } from './pool.ts'

export class ConnectionRoom {
  readonly #pool: Pool
  readonly #owners: Pick<Owners, 'shareOf' | 'limitsOf'>
  /** Of those that have any. What one counts towards is known even when the app is gone before its last connection. */
  readonly #apps = new Map<string, { count: number; readonly share: PoolShare }>()

  constructor(pool: Pool, owners: Pick<Owners, 'shareOf' | 'limitsOf'>) {
    this.#pool = pool
    this.#owners = owners
  }

  /** Why no other client of an app may connect, if so. */
  refusal(appId: string): Extract<FailureName, 'app_connections' | 'server_full'> | undefined {
    const max = this.#owners.limitsOf(appId).maxConnections ?? 0
    if (max > 0 && (this.#apps.get(appId)?.count ?? 0) >= max) return 'app_connections'
    return this.#pool.hasRoom(this.#share(appId)) ? undefined : 'server_full'
  }

  opened(appId: string): void {
    const share = this.#share(appId)
    const known = this.#apps.get(appId)
    if (known) known.count++
    else this.#apps.set(appId, { count: 1, share })
    this.#pool.take(share)
  }

  closed(appId: string): void {
    const known = this.#apps.get(appId)!
    known.count--
    if (known.count === 0) this.#apps.delete(appId)
    this.#pool.give(known.share)
  }

  #share(appId: string): PoolShare {
    return this.#apps.get(appId)?.share ?? this.#pool.share(this.#owners.shareOf(appId))
  }
}
