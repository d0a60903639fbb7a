/** Finds blocks of a target in a source, by a hash table of the source's four-byte blocks. */

/** Size of the shortest match. */
export const BLOCK = 4

/** Capacity in blocks; of a longer source only every second, third, … is kept. */
const MAX_BLOCKS = 65_536

/** Candidates that are tried for a block, so that a source of few different blocks takes no longer. */
const MAX_TRIES = 16

export interface Match {
  /** Position in the source. */
  at: number
  size: number
}

/** One table is reused for all deltas, because it is too large to be made for each. */
export class BlockTable {
  #source: Uint8Array = new Uint8Array()
  #start = 0
  #stride = 1
  #shift = 32
  /** By hash: 1 + number of the last block with that hash; 0 for none. */
  #heads = new Int32Array()
  /** By block number: 1 + number of the previous block with the same hash. */
  #earlier = new Int32Array()

  /** Replaces the contents by a part of a source. */
  load(source: Uint8Array, start: number, end: number): void {
    const positions = Math.max(0, end - start - BLOCK + 1)
    this.#source = source
    this.#start = start
    this.#stride = Math.max(1, Math.ceil(positions / MAX_BLOCKS))
    const blocks = Math.ceil(positions / this.#stride)
    const bits = 32 - Math.clz32(Math.max(blocks - 1, 15))
    this.#shift = 32 - bits
    this.#makeRoom(1 << bits)
    for (let block = 0; block < blocks; block++) {
      const hash = hashAt(source, start + block * this.#stride) >>> this.#shift
      this.#earlier[block] = this.#heads[hash]!
      this.#heads[hash] = block + 1
    }
  }

  #makeRoom(size: number): void {
    if (this.#heads.length < size) {
      this.#heads = new Int32Array(size)
      this.#earlier = new Int32Array(size)
    } else {
      this.#heads.fill(0, 0, size)
    }
  }

  /** Releases the source. */
  clear(): void {
    this.#source = new Uint8Array()
  }

  /**
   * Finds the longest match of the target at a position, up to its end.
   * @param guess position in the source to try first; it may be out of range
   * @returns its size, and in `found` its position; less than a block if there is no match
   */
  find(target: Uint8Array, at: number, guess: number, found: Match): number {
    const end = target.length
    found.size = 0
    if (at + BLOCK > end) return 0
    if (guess >= 0) this.#consider(guess, target, at, found)
    let next = this.#heads[hashAt(target, at) >>> this.#shift]!
    for (let tries = 0; next > 0 && tries < MAX_TRIES && at + found.size < end; tries++) {
      this.#consider(this.#start + (next - 1) * this.#stride, target, at, found)
      next = this.#earlier[next - 1]!
    }
    return found.size
  }

  #consider(from: number, target: Uint8Array, at: number, found: Match): void {
    // Only a candidate that also matches at the end of the best one so far can be longer.
    if (this.#source[from + found.size] !== target[at + found.size]) return
    const size = commonLength(this.#source, from, target, at)
    if (size <= found.size) return
    found.at = from
    found.size = size
  }
}

function hashAt(bytes: Uint8Array, at: number): number {
  const block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  return Math.imul(block, 0x9e3779b1)
}

/** Number of equal bytes of `a` and `b` from the given positions on. */
export function commonLength(a: Uint8Array, fromA: number, b: Uint8Array, fromB: number): number {
  const most = Math.min(a.length - fromA, b.length - fromB)
  let size = 0
  while (size < most && a[fromA + size] === b[fromB + size]) size++
  return size
}
