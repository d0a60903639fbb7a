/** Lines that a stranger can cause: as many as tell what is wrong, and of the others how many there were. */
import type { Clock } from '../core/clock.ts'
import { type Bucket, type Rate, fullBucket, take } from '../policy/rate-limits.ts'

/** What a line says of those that were left out before it. */
export interface LeftOut {
  readonly unlogged?: number
}

/** How long the last of a flood wait to be told of, if nothing else is logged. */
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

  /** @param write is called where there is room; what a line says is worked out only then */
  offer(write: (leftOut: LeftOut) => void): void {
    if (!take(this.#bucket, this.#rate, this.#clock.elapsed())) {
      this.#unlogged++
      this.#timer ??= setTimeout(() => this.flush(), TOLD_AFTER_MS).unref()
      return
    }
    write(this.#take())
  }

  /** Tells how many were left out since the last line, if any were. */
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
