/** One body that is on its way: over when it has come, when it takes too long, or when it must give way. */
import { type Result, fail } from '../failure.ts'

export class Upload {
  /** Whose it is, as limits know them. */
  readonly key: string
  /** What it counts for now. */
  bytes = 0
  readonly result: Promise<Result<Uint8Array>>
  readonly #resolve: (result: Result<Uint8Array>) => void
  readonly #onOver: () => void
  readonly #timer: Timer
  #isOver = false

  constructor(key: string, seconds: number, onOver: () => void) {
    this.key = key
    this.#onOver = onOver
    const { promise, resolve } = Promise.withResolvers<Result<Uint8Array>>()
    this.result = promise
    this.#resolve = resolve
    this.#timer = setTimeout(() => this.finish(fail('body_slow')), seconds * 1000)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What it came to; only the first counts. */
  finish(result: Result<Uint8Array>): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#onOver()
    this.#resolve(result)
  }
}
