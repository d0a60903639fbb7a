/** Logs once that settings cannot be read or written while the server runs, and once that they can be again. */
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

  /** Reports an error of an operation that is retried anyway; a bug is reported each time. */
  readonly tell = (error: unknown): void => {
    const failure = settingsFailure(error)
    if (!failure) return this.#onBug(error)
    // A lock by another program passes, unless an operation has already waited for it to its limit.
    if ((isBusy(error) && !(error instanceof BusyError)) || failure.message === this.#told) return
    this.#told = failure.message
    this.#log.error('settings cannot be written', { error: failure.message })
  }

  /** Call after each successful write. */
  readonly over = (): void => {
    if (this.#told === undefined) return
    this.#told = undefined
    this.#log.info('settings can be written again')
  }
}
