/** Tells the operator who was turned away and why, without letting a flood of refusals fill the log. */
import type { Clock } from '../core/clock.ts'
import { type Counters, count } from '../core/counters.ts'
import type { Failure } from '../failure.ts'
import { type Bucket, type Rate, fullBucket, take } from '../policy/limits.ts'
import type { Logger } from './logs.ts'

/** Enough to see what is wrong; the counters have the exact numbers. */
const LOGGED: Rate = { perSecond: 20, burst: 100 }

export class Refusals {
  readonly #counters: Counters
  readonly #clock: Clock
  readonly #log: Logger
  readonly #bucket: Bucket
  #unlogged = 0

  constructor(counters: Counters, clock: Clock, log: Logger) {
    this.#counters = counters
    this.#clock = clock
    this.#log = log
    this.#bucket = fullBucket(LOGGED, clock.now())
  }

  /** @param detail fields that may be logged: never a key, a query string or a message */
  record(why: Failure, detail: object): void {
    count(this.#counters.refusals, why.name)
    if (!take(this.#bucket, LOGGED, this.#clock.now())) {
      this.#unlogged++
      return
    }
    const unlogged = this.#unlogged > 0 ? { unlogged: this.#unlogged } : {}
    this.#unlogged = 0
    this.#log.warn(`refused: ${why.message}`, { reason: why.name, ...detail, ...unlogged })
  }
}

/** How to let an origin in, for the log line of its refusal. */
export function originFix(origin: string, allowed: readonly string[]): string {
  const entries = [...allowed, origin].join(',')
  return `restart with --allowed-origins '${entries}' (or LATCHKEY_ALLOWED_ORIGINS) if this site is yours`
}
