/** The time of channels, by which what happens on them is dated and ordered. */
import type { Clock } from '../clock.ts'

/**
 * The date, except that it never goes back. Where the clock of the machine does, it goes on at half the speed until
 * the date has caught up: an hour takes two, and what was an hour apart still is half of that.
 */
export class ChannelTime {
  readonly #clock: Clock
  #last = 0
  /** The time from which on it has been ahead of the date, and when that was. */
  #from = 0
  #since: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds since the epoch. */
  now(): number {
    const date = this.#clock.now()
    if (date < this.#last) return this.#ahead()
    this.#since = undefined
    this.#last = date
    return date
  }

  /** Goes on from a time that something is dated by already. */
  follow(ms: number): void {
    if (ms <= this.#last) return
    this.#last = ms
    this.#since = undefined
  }

  #ahead(): number {
    const elapsed = this.#clock.elapsed()
    if (this.#since === undefined) {
      this.#since = elapsed
      this.#from = this.#last
    }
    const time = this.#from + Math.floor((elapsed - this.#since) / 2)
    this.#last = Math.max(this.#last, time)
    return this.#last
  }
}
