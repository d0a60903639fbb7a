/** Time and randomness, injected so that every rule about them can be tested. */

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** Fills an array with unpredictable bytes. */
export type Randomness = (bytes: Uint8Array) => Uint8Array

export const systemRandomness: Randomness = (bytes) => crypto.getRandomValues(bytes)
