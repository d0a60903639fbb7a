/** Time and randomness, injected so that every rule about them can be tested. */

export interface Clock {
  /**
   * The date, in milliseconds since the Unix epoch: for what is shown, and what is compared with dates from elsewhere.
   * It goes forward and back when the machine's clock is set.
   */
  now(): number
  /** Milliseconds since some moment, which nothing but their passing changes: for everything that lasts. */
  elapsed(): number
}

/** What a clock says. */
export interface Moment {
  readonly date: number
  readonly elapsed: number
}

export function momentOf(clock: Clock): Moment {
  return { date: clock.now(), elapsed: clock.elapsed() }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
}

/** Fills an array with unpredictable bytes. */
export type Randomness = (bytes: Uint8Array) => Uint8Array

export const systemRandomness: Randomness = (bytes) => crypto.getRandomValues(bytes)
