/** Clocks that tests hold. */
import { type Clock, type Moment, momentOf } from '../../src/core/clock.ts'

/** Elapsed time differs widely from the date, so that a test notices a mix-up. */
const APART_MS = 1_000_000_000_000

/** A clock that is not set: its date advances with elapsed time. */
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

  /** Lets time pass. */
  advance(ms: number): void {
    this.#now += ms
    this.#elapsed += ms
  }

  /** Sets the date forward, or back by a negative number. */
  set(ms: number): void {
    this.#now += ms
  }
}

/** The date of a clock that is not set. */
export function momentAt(date: number): Moment {
  return momentOf(clockAt(() => date))
}
