/** Removes apps whose time is over. */
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
  /** Told when removing fails; it is tried again at the next look. */
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

  /** The database is asked only when there is something to remove. */
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
