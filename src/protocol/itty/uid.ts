/** Makes the short ids by which members of a channel address each other (E-6). */
import type { Randomness } from '../../core/clock.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const CODES = Array.from(ALPHABET, (character) => character.charCodeAt(0))
const LENGTH = 6
const POOL_BYTES = 4096

/** Unpredictable `[A-Za-z0-9]{6}` ids; random bytes are drawn in bulk. */
export class UidSource {
  readonly #random: Randomness
  readonly #pool = new Uint8Array(POOL_BYTES)
  readonly #codes: number[] = Array.from({ length: LENGTH }, () => 0)
  #next = POOL_BYTES

  constructor(random: Randomness) {
    this.#random = random
  }

  /** Returns an id that is not taken. */
  next(isTaken: (uid: string) => boolean): string {
    for (;;) {
      for (let i = 0; i < LENGTH; i++) this.#codes[i] = this.#draw()
      // Builds one string, where appending characters would allocate six.
      const uid = String.fromCharCode(...this.#codes)
      if (!isTaken(uid)) return uid
    }
  }

  #draw(): number {
    for (;;) {
      if (this.#next === POOL_BYTES) {
        this.#random(this.#pool)
        this.#next = 0
      }
      // Six bits address 64 places; the two beyond the alphabet are drawn again, so all are equally likely.
      const code = CODES[this.#pool[this.#next++]! & 63]
      if (code !== undefined) return code
    }
  }
}
