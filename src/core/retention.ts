/** How long memory lasts: one queue over all channels, in the order of time, so that forgetting costs no search. */

/** What remembers things in the order in which it noted them. */
export interface Rememberer {
  /** Lets go of the oldest thing that it noted with the queue. */
  forgetOldest(): void
}

export interface RetentionLimits {
  readonly keepMs: number
  /** Of everything together, by the sizes that were noted. */
  readonly maxBytes: number
}

interface Note {
  readonly owner: Rememberer
  readonly bytes: number
  readonly at: number
}

/** Half of the array may be used up before it is cut. */
const CUT_AT = 1024

export class RetentionQueue {
  readonly #limits: RetentionLimits
  #notes: (Note | undefined)[] = []
  #first = 0
  #bytes = 0

  constructor(limits: RetentionLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#notes.length - this.#first
  }

  /** @param at milliseconds since the epoch; what is noted later is forgotten later, whatever it says here */
  note(owner: Rememberer, bytes: number, at: number): void {
    this.#notes.push({ owner, bytes, at })
    this.#bytes += bytes
    this.expire(at)
  }

  /** Lets go of what is too old and, oldest first, of what is too much. */
  expire(now: number): void {
    const before = now - this.#limits.keepMs
    for (;;) {
      const oldest = this.#notes[this.#first]
      if (!oldest || (oldest.at > before && this.#bytes <= this.#limits.maxBytes)) break
      this.#notes[this.#first++] = undefined
      this.#bytes -= oldest.bytes
      oldest.owner.forgetOldest()
    }
    if (this.#first < CUT_AT || this.#first * 2 < this.#notes.length) return
    this.#notes = this.#notes.slice(this.#first)
    this.#first = 0
  }
}
