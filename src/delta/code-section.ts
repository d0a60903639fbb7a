/** Encodes instructions with the default code table of RFC 3284 (5.6), where one byte may stand for two of them. */
import { AddressCache } from './address-cache.ts'
import type { Instruction } from './instructions.ts'
import { pushInteger } from './integer.ts'

const RUN = 0
/** Code of ADD with a size after it; the codes that follow have sizes 1 to 17. */
const ADD = 1
const MAX_ADD = 17
/** Code of COPY in the first mode with a size after it; the codes that follow have sizes 4 to 18. */
const COPY = 19
const COPIES_PER_MODE = 16
const MIN_COPY = 4
const MAX_COPY = 18
/** First code of ADD of 1 to 4 bytes with COPY of 4 to 6, for each of the first six modes. */
const ADD_COPY = 163
const MODES_WITH_SIZES = 6
/** First code of COPY of 4 bytes with ADD of 1, for each mode. */
const COPY_4_ADD_1 = 247

export interface CodeSection {
  readonly codes: readonly number[]
  readonly addresses: readonly number[]
}

/** Writes the instructions and addresses of a window. */
export class CodeWriter implements CodeSection {
  readonly codes: number[] = []
  readonly addresses: number[] = []
  readonly #cache = new AddressCache()
  /** The last instruction, if it can be joined with the next one. */
  #last: { kind: 'add' | 'copy'; size: number; mode: number } | undefined

  /** @param here position in source and target together at which the instruction writes */
  write({ kind, at, size }: Instruction, here: number): void {
    if (kind === 'copy') return this.#copy(at, size, here)
    if (kind === 'add') return this.#add(size)
    this.codes.push(RUN)
    pushInteger(this.codes, size)
    this.#last = undefined
  }

  #add(size: number): void {
    const last = this.#last
    this.#last = undefined
    if (last?.kind === 'copy' && last.size === MIN_COPY && size === 1) {
      this.codes[this.codes.length - 1] = COPY_4_ADD_1 + last.mode
    } else if (size <= MAX_ADD) {
      this.codes.push(ADD + size)
      this.#last = { kind: 'add', size, mode: 0 }
    } else {
      this.codes.push(ADD)
      pushInteger(this.codes, size)
    }
  }

  #copy(at: number, size: number, here: number): void {
    const cache = this.#cache
    cache.choose(at, here)
    const { mode } = cache
    if (cache.isByte) this.addresses.push(cache.value)
    else pushInteger(this.addresses, cache.value)

    const last = this.#last
    this.#last = undefined
    const joined = last?.kind === 'add' ? addAndCopy(last.size, size, mode) : undefined
    const code = COPY + COPIES_PER_MODE * mode
    if (joined !== undefined) {
      this.codes[this.codes.length - 1] = joined
    } else if (size >= MIN_COPY && size <= MAX_COPY) {
      this.codes.push(code + size - MIN_COPY + 1)
      this.#last = { kind: 'copy', size, mode }
    } else {
      this.codes.push(code)
      pushInteger(this.codes, size)
    }
  }
}

/** The other modes have such codes only for copies that are too short to occur there. */
function addAndCopy(added: number, copied: number, mode: number): number | undefined {
  const exists = added <= 4 && copied >= MIN_COPY && copied <= 6 && mode < MODES_WITH_SIZES
  return exists ? ADD_COPY + 12 * mode + 3 * (added - 1) + copied - MIN_COPY : undefined
}
