/** How much one connection, or the holders of one key, may do in a while: asking costs one, and what it does the rest. */
import { type Bucket, type Rate, fullBucket, isRested, spend, take } from '../../policy/limits.ts'
import type { Clock } from '../clock.ts'

export class Allowance {
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #bucket: Bucket

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
    this.#bucket = fullBucket(rate, clock.now())
  }

  /** Takes what it costs to ask. @returns whether there was enough of it */
  take(): boolean {
    return take(this.#bucket, this.#rate, this.#clock.now())
  }

  /** Takes what has become known of the cost since. It may be more than there is: the next one who asks waits. */
  spend(cost: number): void {
    if (cost > 0) spend(this.#bucket, this.#rate, cost)
  }

  /** Whether nothing would be forgotten with it. */
  get isRested(): boolean {
    return isRested(this.#bucket, this.#rate, this.#clock.now())
  }
}

/** So many are remembered before those are looked for that nobody has asked lately. */
const SWEEP_AT = 1000

/** Allowances by name, forgotten when they are full again. */
export class Allowances {
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #known = new Map<string, Allowance>()
  #sweepAt = SWEEP_AT

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
  }

  of(name: string): Allowance {
    const known = this.#known.get(name)
    if (known) return known
    if (this.#known.size >= this.#sweepAt) this.#sweep()
    const allowance = new Allowance(this.#rate, this.#clock)
    this.#known.set(name, allowance)
    return allowance
  }

  /** Twice as many may be there next time, so that a sweep costs little for each that comes. */
  #sweep(): void {
    for (const [name, allowance] of this.#known) if (allowance.isRested) this.#known.delete(name)
    this.#sweepAt = Math.max(SWEEP_AT, this.#known.size * 2)
  }
}
