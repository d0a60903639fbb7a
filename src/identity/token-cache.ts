/** The tokens that were verified lately, because SDKs send the same one with every request. */
import type { VerifiedToken } from './token-verifier.ts'

/** Letters of token text; what is kept beside a text is of about its size. */
const MAX_LETTERS = 8_000_000

/**
 * Two generations: when the young one is full it becomes the old one, and what nobody asks for until that
 * happens again is gone. A list in order of use would cost far more than the look-up itself: a large map
 * takes 20 us to delete and set again. Only verified tokens come in, so no stranger can fill it.
 */
export class TokenCache {
  readonly #maxYoung: number
  #young = new Map<string, VerifiedToken>()
  #old = new Map<string, VerifiedToken>()
  /** Of the young ones; some may have been deleted since. */
  #letters = 0

  constructor(maxLetters = MAX_LETTERS) {
    this.#maxYoung = maxLetters / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(text: string): VerifiedToken | undefined {
    const young = this.#young.get(text)
    if (young) return young
    const old = this.#old.get(text)
    if (old) this.set(text, old)
    return old
  }

  set(text: string, token: VerifiedToken): void {
    if (text.length > this.#maxYoung) return
    this.delete(text)
    if (this.#letters + text.length > this.#maxYoung) {
      this.#old = this.#young
      this.#young = new Map()
      this.#letters = 0
    }
    this.#young.set(text, token)
    this.#letters += text.length
  }

  delete(text: string): void {
    this.#young.delete(text)
    this.#old.delete(text)
  }
}
