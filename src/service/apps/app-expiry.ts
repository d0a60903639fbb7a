/** Removes expired apps. */
import type { Clock } from '../../core/clock.ts'
import { SettledDate } from '../../core/time/settled-date.ts'
import type { AppService } from './apps.ts'
import type { AppDirectory } from './app-directory.ts'

const LOOK_EVERY_MS = 500

interface ExpiryParts {
  readonly apps: AppService
  readonly directory: AppDirectory
  readonly clock: Clock
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
    const { apps, directory, onRemoved, onBug } = this.#parts
    const now = this.#date.now()
    if (!directory.hasExpired(now)) return
    try {
      if (apps.removeExpired(now).length > 0) onRemoved()
    } catch (error) {
      onBug(error)
    }
  }
}
