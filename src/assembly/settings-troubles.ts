/** What keeps settings from being read or written while the server runs: told once, and when it is over. */
import type { Logger } from '../ops/logs.ts'
import { BusyError, isBusy, settingsFailure } from '../trouble.ts'

export class SettingsTroubles {
  readonly #log: Pick<Logger, 'error' | 'info'>
  readonly #onBug: (error: unknown) => void
  #told: string | undefined

  constructor(log: Pick<Logger, 'error' | 'info'>, onBug: (error: unknown) => void) {
    this.#log = log
    this.#onBug = onBug
  }

  /** For what is done again anyway; a fault of the program is told each time. */
  readonly tell = (error: unknown): void => {
    const failure = settingsFailure(error)
    if (!failure) return this.#onBug(error)
    // Another program will let go of the database, unless somebody has waited for that long enough.
    if ((isBusy(error) && !(error instanceof BusyError)) || failure.message === this.#told) return
    this.#told = failure.message
    this.#log.error('settings cannot be written', { error: failure.message })
  }

  /** Something was written. */
  readonly over = (): void => {
    if (this.#told === undefined) return
    this.#told = undefined
    this.#log.info('settings can be written again')
  }
}
