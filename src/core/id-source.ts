/** Ids that nobody can guess or has had before. */
import type { Randomness } from './clock.ts'

const POOL_BYTES = 4096
/** Bits of a letter of base64, and of a byte. */
const LETTER_BITS = 6
const BYTE_BITS = 8

export class IdSource {
  readonly #random: Randomness
  readonly #pool = Buffer.alloc(POOL_BYTES)
  /** Chance is asked for in large pieces: a call costs more than the bytes. */
  #used = POOL_BYTES

  constructor(random: Randomness) {
    this.#random = random
  }

  /** @returns text of `[A-Za-z0-9_-]`, of 6 bits of chance a character */
  next(length: number): string {
    const bytes = Math.ceil((length * LETTER_BITS) / BYTE_BITS)
    if (this.#used + bytes > POOL_BYTES) {
      this.#random(this.#pool)
      this.#used = 0
    }
    const start = this.#used
    this.#used += bytes
    return this.#pool.toString('base64url', start, this.#used).slice(0, length)
  }
}
