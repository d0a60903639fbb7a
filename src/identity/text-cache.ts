/** What was worked out about texts lately, because clients send the same ones with every request. */

/**
 * Two generations: when the young one is full it becomes the old one, and what nobody asks for until that
 * happens again is gone. A list in order of use would cost far more than the look-up itself: a large map
 * takes 20 us to delete and set again.
 */
export class TextCache<T> {
  readonly #maxYoung: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()
  /** Of the young ones; some may have been deleted since. */
  #letters = 0

  /** @param maxLetters of all texts together; what is kept beside a text should be of about its size */
  constructor(maxLetters: number) {
    this.#maxYoung = maxLetters / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(text: string): T | undefined {
    const young = this.#young.get(text)
    if (young !== undefined) return young
    const old = this.#old.get(text)
    if (old !== undefined) this.set(text, old)
    return old
  }

  set(text: string, known: T): void {
    if (text.length > this.#maxYoung) return
    this.delete(text)
    if (this.#letters + text.length > this.#maxYoung) {
      this.#old = this.#young
      this.#young = new Map()
      this.#letters = 0
    }
    this.#young.set(text, known)
    this.#letters += text.length
  }

  delete(text: string): void {
    this.#young.delete(text)
    this.#old.delete(text)
  }
}
