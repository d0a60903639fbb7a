/** How much one connection, or the holders of one key, may do in a while: asking costs one, and what it does the rest. */
import {
  type Bucket,
  type Rate,
  fullBucket,
  isRested,
  spend,
  take,
} from '../../policy/rate-limits.ts'
import type { Clock } from '../clock.ts'

export class Allowance {
  readonly #rate: Rate
  readonly #clock: Clock
  /** Made when something is taken for the first time: it is full until then, and most are never asked. */
  #bucket: Bucket | undefined

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
  }

  /** Takes what it costs to ask. @returns whether there was enough of it */
  take(): boolean {
    // Where nothing is limited, not even the clock is looked at.
    return this.#rate.perSecond === 0 || this.#take(this.#clock.elapsed())
  }

  /** Takes what has become known of the cost since. It may be more than there is: the next one who asks waits. */
  spend(cost: number): void {
    if (cost > 0 && this.#rate.perSecond > 0)
      spend(this.#full(this.#clock.elapsed()), this.#rate, cost)
  }

  /** Whether nothing would be forgotten with it. */
  get isRested(): boolean {
    return !this.#bucket || isRested(this.#bucket, this.#rate, this.#clock.elapsed())
  }

  #take(now: number): boolean {
    return take(this.#full(now), this.#rate, now)
  }

  #full(now: number): Bucket {
    return (this.#bucket ??= fullBucket(this.#rate, now))
  }
}

/** So many are remembered before those are looked for that nobody has asked lately. */
const SWEEP_AT = 1000

/** Allowances of the keys of apps, forgotten when they are full again. */
export class KeyAllowances {
  readonly #rate: Rate
  readonly #clock: Clock
  /** By app and then by key: a name of both would have to be made for every request. */
  readonly #apps = new Map<string, Map<string, Allowance>>()
  #size = 0
  #sweepAt = SWEEP_AT

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
  }

  of(appId: string, keyId: string): Allowance {
    return this.#apps.get(appId)?.get(keyId) ?? this.#make(appId, keyId)
  }

  #make(appId: string, keyId: string): Allowance {
    if (this.#size >= this.#sweepAt) this.#sweep()
    const allowance = new Allowance(this.#rate, this.#clock)
    const keys = this.#apps.get(appId) ?? new Map<string, Allowance>()
    this.#apps.set(appId, keys.set(keyId, allowance))
    this.#size++
    return allowance
  }

  /** Twice as many may be there next time, so that a sweep costs little for each that comes. */
  #sweep(): void {
    this.#size = 0
    for (const [appId, keys] of this.#apps) {
      for (const [keyId, allowance] of keys) if (allowance.isRested) keys.delete(keyId)
      if (keys.size === 0) this.#apps.delete(appId)
      this.#size += keys.size
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.#size * 2)
  }
}
