/** How long memory lasts: one queue over all channels, in the order of time, so that forgetting costs no search. */
import { Queue } from './queue.ts'

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

export class RetentionQueue {
  readonly #limits: RetentionLimits
  /** Three lists, because an object for each note would outlive the event that it is of. */
  readonly #owners = new Queue<Rememberer>()
  readonly #sizes = new Queue<number>()
  readonly #times = new Queue<number>()
  #bytes = 0

  constructor(limits: RetentionLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#owners.length
  }

  /** @param at milliseconds since the epoch; what is noted later is forgotten later, whatever it says here */
  note(owner: Rememberer, bytes: number, at: number): void {
    this.#owners.push(owner)
    this.#sizes.push(bytes)
    this.#times.push(at)
    this.#bytes += bytes
    this.expire(at)
  }

  /** Lets go of what is too old and, oldest first, of what is too much. */
  expire(now: number): void {
    const before = now - this.#limits.keepMs
    for (;;) {
      const at = this.#times.at(0)
      if (at === undefined || (at > before && this.#bytes <= this.#limits.maxBytes)) return
      this.#times.shift()
      this.#bytes -= this.#sizes.shift()!
      this.#owners.shift()!.forgetOldest()
    }
  }
}
