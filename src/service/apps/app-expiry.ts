/** Removes expired apps. */
import type { Clock } from '../../core/clock.ts'
import { type Soon, andThen } from '../../core/soon.ts'
import { SettledDate } from '../../core/time/settled-date.ts'
import type { Result } from '../../failure.ts'
import type { AppService } from './apps.ts'
import type { AppDirectory } from './app-directory.ts'

const LOOK_EVERY_MS = 500
/** How far clocks of nodes may be apart for one of them to look and the others not to. */
const CLAIM_MS = 60_000

interface ExpiryParts {
  readonly apps: AppService
  readonly directory: AppDirectory
  readonly clock: Clock
  /** As `Cluster` has it: of all nodes, one removes them. */
  readonly once: (name: string, keepMs: number) => Soon<Result<boolean>>
  /** Called after apps were removed. */
  readonly onRemoved: () => void
  /** Called when removing fails; it is tried again in the next round. */
  readonly onBug: (error: unknown) => void
}

export class AppExpiry {
  readonly #parts: ExpiryParts
  readonly #date: SettledDate
  #timer: Timer | undefined

  constructor(parts: ExpiryParts) {
    this.#parts = parts
    this.#date = new SettledDate(parts.clock)
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Asks the directory in memory first, and the database only when something has expired. */
  #look(): void {
    const { directory, once } = this.#parts
    const now = this.#date.now()
    if (!directory.hasExpired(now)) return
    const claimed = once(`remove expired apps ${Math.floor(now / LOOK_EVERY_MS)}`, CLAIM_MS)
    void andThen(claimed, (known) => {
      if (known.ok && known.value) this.#remove(now)
    })
  }

  #remove(now: number): void {
    const { apps, onRemoved, onBug } = this.#parts
    try {
      if (apps.removeExpired(now).length > 0) onRemoved()
    } catch (error) {
      onBug(error)
    }
  }
}
