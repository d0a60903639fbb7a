/** Remembers which token requests were answered, so that none is answered twice (RSA9c). */
import { createHash } from 'node:crypto'

/** About 400 requests a second, for as long as they are remembered. */
const MAX_PER_KEY = 100_000
const ID_LETTERS = 24

interface Seen {
  readonly keyName: string
  readonly at: number
}

export class NonceStore {
  readonly #keepMs: number
  readonly #max: number
  /** In the order of arrival, which is also that of being forgotten. */
  readonly #seen = new Map<string, Seen>()
  readonly #counts = new Map<string, number>()

  /**
   * @param keepMs for how long, to the millisecond included, a request could be sent again and still be accepted for its timestamp
   * @param max requests of one key; beyond, it says 'full', so that the use of one key costs no other
   */
  constructor(keepMs: number, max = MAX_PER_KEY) {
    this.#keepMs = keepMs
    this.#max = max
  }

  get size(): number {
    return this.#seen.size
  }

  /** Only for requests whose signature was right: strangers must not fill it. */
  remember(keyName: string, id: string, now: number): 'new' | 'seen' | 'full' {
    this.#forget(now)
    const text = `${keyName}\n${id}`
    const short = createHash('sha256').update(text).digest('base64').slice(0, ID_LETTERS)
    if (this.#seen.has(short)) return 'seen'
    const count = this.#counts.get(keyName) ?? 0
    if (count >= this.#max) return 'full'
    this.#counts.set(keyName, count + 1)
    this.#seen.set(short, { keyName, at: now })
    return 'new'
  }

  #forget(now: number): void {
    for (const [short, { keyName, at }] of this.#seen) {
      if (at >= now - this.#keepMs) return
      this.#seen.delete(short)
      const left = this.#counts.get(keyName)! - 1
      if (left === 0) this.#counts.delete(keyName)
      else this.#counts.set(keyName, left)
    }
  }
}
