/** Makes the short ids by which members of a channel address each other (E-6). */
import type { Randomness } from '../../core/clock.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const LENGTH = 6
const POOL_BYTES = 4096

/** Unpredictable `[A-Za-z0-9]{6}` ids; random bytes are drawn in bulk. */
export class UidSource {
  readonly #random: Randomness
  readonly #pool = new Uint8Array(POOL_BYTES)
  #next = POOL_BYTES

  constructor(random: Randomness) {
    this.#random = random
  }

  /** An id that is not taken. */
  next(isTaken: (uid: string) => boolean): string {
    for (;;) {
      let uid = ''
      while (uid.length < LENGTH) uid += this.#character()
      if (!isTaken(uid)) return uid
    }
  }

  #character(): string {
    for (;;) {
      if (this.#next === POOL_BYTES) {
        this.#random(this.#pool)
        this.#next = 0
      }
      // Six bits address 64 places; the two beyond the alphabet are drawn again, so all are equally likely.
      const index = this.#pool[this.#next++]! & 63
      if (index < ALPHABET.length) return ALPHABET[index]!
    }
  }
}
