/** Things of a channel that were worked on lately, and so are likely to be again. */
import type { Rememberer } from '../history/retention.ts'

const AT_HAND_MS = 60_000

interface Thing<T> {
  readonly thing: T
  readonly at: number
  /** Among all that ever came to hand. */
  readonly place: number
}

/**
 * The last few things by serial, for a short while: what is not at hand any more is looked up again, and may be
 * gone from the history by then.
 */
export class AtHand<T> implements Rememberer {
  readonly #max: number
  /** In the order in which they came to hand. */
  readonly #things = new Map<string, Thing<T>>()
  #noted = 0
  #forgotten = 0

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#things.size
  }

  /** What came to hand no later than the oldest that is still noted; most of it is history's, too, and counts there. */
  forgetOldest(): void {
    this.#forgotten++
    for (const [serial, { place }] of this.#things) {
      if (place > this.#forgotten) return
      this.#things.delete(serial)
    }
  }

  /** @param now the moment at which something is applied, as in `set` */
  get(serial: string, now: number): T | undefined {
    const known = this.#things.get(serial)
    return known && now - known.at < AT_HAND_MS ? known.thing : undefined
  }

  delete(serial: string): void {
    this.#things.delete(serial)
  }

  /** Keeps a thing at hand; the caller notes it with the retention queue, which bounds its memory. */
  set(serial: string, thing: T, now: number): void {
    this.#things.delete(serial)
    this.#things.set(serial, { thing, at: now, place: ++this.#noted })
    if (this.#things.size <= this.#max) return
    for (const oldest of this.#things.keys()) {
      this.#things.delete(oldest)
      return
    }
  }
}
