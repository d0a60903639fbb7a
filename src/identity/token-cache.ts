/** The tokens that were verified lately, because SDKs send the same one with every request. */
import type { VerifiedToken } from './token-verifier.ts'

/** Letters of token text; what is kept beside a text is of about its size. */
const MAX_LETTERS = 8_000_000

/** The one that was not asked for the longest is forgotten first. Only verified tokens come in, so no stranger can fill it. */
export class TokenCache {
  readonly #max: number
  readonly #tokens = new Map<string, VerifiedToken>()
  #letters = 0

  constructor(maxLetters = MAX_LETTERS) {
    this.#max = maxLetters
  }

  get size(): number {
    return this.#tokens.size
  }

  get(text: string): VerifiedToken | undefined {
    const token = this.#tokens.get(text)
    if (token) {
      this.#tokens.delete(text)
      this.#tokens.set(text, token)
    }
    return token
  }

  set(text: string, token: VerifiedToken): void {
    this.delete(text)
    if (text.length > this.#max) return
    this.#tokens.set(text, token)
    this.#letters += text.length
    for (const [oldest] of this.#tokens) {
      if (this.#letters <= this.#max) return
      this.delete(oldest)
    }
  }

  delete(text: string): void {
    if (this.#tokens.delete(text)) this.#letters -= text.length
  }
}
