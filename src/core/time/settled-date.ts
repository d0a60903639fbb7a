/** A date that a clock which was set wrongly for a while does not move: for what cannot be taken back, such as deleting. */
import type { Clock } from '../clock.ts'

/** What a clock may be ahead of the time that has passed: it is corrected by so much all the time. */
const USUAL_MS = 60_000
/** For how long a clock has to say the same until it is believed. */
const BELIEVED_AFTER_MS = 3_600_000

export class SettledDate {
  readonly #clock: Clock
  /** The date at the moment from which on elapsed time is counted. */
  #base: number
  #doubtedSince: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#base = clock.now() - clock.elapsed()
  }

  /**
   * Milliseconds since the epoch, to be asked now and then: no later than the date, and where the clock has jumped
   * forward, as if it had not for the next hour.
   */
  now(): number {
    const date = this.#clock.now()
    const elapsed = this.#clock.elapsed()
    const base = date - elapsed
    if (base <= this.#base + USUAL_MS) return this.#believe(base, date)
    this.#doubtedSince ??= elapsed
    if (elapsed - this.#doubtedSince >= BELIEVED_AFTER_MS) return this.#believe(base, date)
    return this.#base + elapsed
  }

  #believe(base: number, date: number): number {
    this.#base = base
    this.#doubtedSince = undefined
    return date
  }
}
