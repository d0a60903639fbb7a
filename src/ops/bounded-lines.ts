/** Bounds log lines that strangers can cause: a few a second are written, and of the others how many were left out. */
import type { Clock } from '../core/clock.ts'
import { type Bucket, type Rate, fullBucket, take } from '../policy/rate-limits.ts'

/** What a line says of those that were left out before it. */
export interface LeftOut {
  readonly unlogged?: number
}

/** How long after a flood the number of lines left out is logged, if no other line is. */
const TOLD_AFTER_MS = 10_000

export class BoundedLines {
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #bucket: Bucket
  readonly #tellRest: (unlogged: number) => void
  #unlogged = 0
  #timer: Timer | undefined

  /** @param tellRest writes how many were left out at the end of a flood */
  constructor(rate: Rate, clock: Clock, tellRest: (unlogged: number) => void) {
    this.#rate = rate
    this.#clock = clock
    this.#bucket = fullBucket(rate, clock.elapsed())
    this.#tellRest = tellRest
  }

  /** @param write called only where the rate has room, so that text is not built in vain */
  offer(write: (leftOut: LeftOut) => void): void {
    if (!take(this.#bucket, this.#rate, this.#clock.elapsed())) {
      this.#unlogged++
      this.#timer ??= setTimeout(() => this.flush(), TOLD_AFTER_MS).unref()
      return
    }
    write(this.#take())
  }

  /** Logs how many were left out since the last line, if any were. */
  flush(): void {
    const { unlogged } = this.#take()
    if (unlogged !== undefined) this.#tellRest(unlogged)
  }

  #take(): LeftOut {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const unlogged = this.#unlogged
    this.#unlogged = 0
    return unlogged > 0 ? { unlogged } : {}
  }
}
