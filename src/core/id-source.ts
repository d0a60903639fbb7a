/** Ids that nobody can guess or has had before. */
import type { Randomness } from './clock.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const POOL_BYTES = 4096

export class IdSource {
  readonly #random: Randomness
  readonly #pool = new Uint8Array(POOL_BYTES)
  /** Chance is asked for in large pieces: a call costs more than the bytes. */
  #used = POOL_BYTES

  constructor(random: Randomness) {
    this.#random = random
  }

  /** @returns text of `[A-Za-z0-9_-]`, of 6 bits of chance a character */
  next(length: number): string {
    if (this.#used + length > POOL_BYTES) {
      this.#random(this.#pool)
      this.#used = 0
    }
    let id = ''
    const end = this.#used + length
    while (this.#used < end) id += ALPHABET[this.#pool[this.#used++]! & 63]
    return id
  }
}
