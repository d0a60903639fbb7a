/** A cache by text, because clients send the same credentials with every request. */

interface Kept<T> {
  readonly known: T
  readonly letters: number
}

/**
 * Two generations: when the young one is full it becomes the old one, and what nobody asks for until that
 * happens again is gone. A list in order of use would cost far more than the look-up itself: a large map
 * takes 20 us to delete and set again.
 */
export class TextCache<T> {
  readonly #maxYoung: number
  #young = new Map<string, Kept<T>>()
  #old = new Map<string, Kept<T>>()
  /** Of the young ones; some may have been deleted since. */
  #letters = 0

  /** @param maxLetters of all texts together, and of what is kept beside them */
  constructor(maxLetters: number) {
    this.#maxYoung = maxLetters / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(text: string): T | undefined {
    const young = this.#young.get(text)
    if (young !== undefined) return young.known
    const old = this.#old.get(text)
    if (old !== undefined) this.#keep(text, old)
    return old?.known
  }

  /** @param beside how much is kept beside the text, in letters, where that is more than about its size */
  set(text: string, known: T, beside = 0): void {
    this.#keep(text, { known, letters: text.length + beside })
  }

  #keep(text: string, kept: Kept<T>): void {
    if (kept.letters > this.#maxYoung) return
    this.delete(text)
    if (this.#letters + kept.letters > this.#maxYoung) {
      this.#old = this.#young
      this.#young = new Map()
      this.#letters = 0
    }
    this.#young.set(text, kept)
    this.#letters += kept.letters
  }

  delete(text: string): void {
    this.#young.delete(text)
    this.#old.delete(text)
  }
}
