/** What was verified lately, by its text, because SDKs send the same token or key with every request. */

/** Letters of text; what is kept beside a text is of about its size. */
const MAX_LETTERS = 8_000_000

/**
 * Two generations: when the young one is full it becomes the old one, and what nobody asks for until that
 * happens again is gone. A list in order of use would cost far more than the look-up itself: a large map
 * takes 20 us to delete and set again. Only verified ones come in, so no stranger can fill it.
 */
export class CredentialCache<T> {
  readonly #maxYoung: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()
  /** Of the young ones; some may have been deleted since. */
  #letters = 0

  constructor(maxLetters = MAX_LETTERS) {
    this.#maxYoung = maxLetters / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(text: string): T | undefined {
    const young = this.#young.get(text)
    if (young) return young
    const old = this.#old.get(text)
    if (old) this.set(text, old)
    return old
  }

  set(text: string, verified: T): void {
    if (text.length > this.#maxYoung) return
    this.delete(text)
    if (this.#letters + text.length > this.#maxYoung) {
      this.#old = this.#young
      this.#young = new Map()
      this.#letters = 0
    }
    this.#young.set(text, verified)
    this.#letters += text.length
  }

  delete(text: string): void {
    this.#young.delete(text)
    this.#old.delete(text)
  }
}
