/** Encodes addresses of copies in the fewest bytes: absolute, or relative to earlier ones (RFC 3284, 5.3). */
import { integerSize } from './integer.ts'

const NEAR_SIZE = 4
const SAME_SIZE = 3 * 256

const SELF = 0
const HERE = 1
const NEAR = 2
const SAME = NEAR + NEAR_SIZE

export class AddressCache {
  /** Mode of the last address. */
  mode = SELF
  /** Value to write: an integer, or a single byte if `isByte`. */
  value = 0

  readonly #near = new Int32Array(NEAR_SIZE)
  #nextNear = 0
  readonly #same = new Int32Array(SAME_SIZE)

  get isByte(): boolean {
    return this.mode >= SAME
  }

  /**
   * Chooses the mode of an address.
   * @param here position that is written next; addresses are below it
   */
  choose(address: number, here: number): void {
    this.mode = SELF
    this.value = address
    this.#consider(HERE, here - address)
    for (let slot = 0; slot < NEAR_SIZE; slot++) {
      this.#consider(NEAR + slot, address - this.#near[slot]!)
    }
    const slot = address % SAME_SIZE
    if (this.#same[slot] === address && integerSize(this.value) > 1) {
      this.mode = SAME + (slot >> 8)
      this.value = slot & 0xff
    }
    this.#near[this.#nextNear] = address
    this.#nextNear = (this.#nextNear + 1) % NEAR_SIZE
    this.#same[slot] = address
  }

  #consider(mode: number, value: number): void {
    if (value < 0 || integerSize(value) >= integerSize(this.value)) return
    this.mode = mode
    this.value = value
  }
}
