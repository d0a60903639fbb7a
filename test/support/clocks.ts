/** Clocks that tests hold. */
import { type Clock, type Moment, momentOf } from '../../src/core/clock.ts'

/** Elapsed time is far from the date, so that nobody takes one for the other. */
const APART_MS = 1_000_000_000_000

/** A clock that nobody sets: its date is as much further as time has passed. */
export function clockAt(date: () => number): Clock {
  return { now: date, elapsed: () => date() - APART_MS }
}

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now = 1_710_000_000_000
  #elapsed = 5_000

  now(): number {
    return this.#now
  }

  elapsed(): number {
    return this.#elapsed
  }

  /** Time passes. */
  advance(ms: number): void {
    this.#now += ms
    this.#elapsed += ms
  }

  /** Somebody sets the clock: forward, or back by a negative number. */
  set(ms: number): void {
    this.#now += ms
  }
}

/** What a clock says that nobody sets. */
export function momentAt(date: number): Moment {
  return momentOf(clockAt(() => date))
}
