/** A part of a page, rendered by the page's own code, and sent whenever it has changed. */
import type { Clock } from '../../core/clock.ts'
import type { PublishUpdate, LiveView } from './view.ts'

/** @returns undefined where there is nothing to show, or not any more */
export type Draw = () => Promise<string | undefined>

/** For each so many milliseconds that rendering took one refresh is skipped, so that long lists do not load the server. */
const COST_OF_A_LOOK_MS = 10

export class PartView implements LiveView {
  readonly #draw: Draw
  readonly #publish: PublishUpdate
  readonly #clock: Clock
  #last: string | undefined
  /** Refreshes still to be skipped. */
  #rest = 0
  #isOver = false

  constructor(draw: Draw, publish: PublishUpdate, clock: Clock) {
    this.#draw = draw
    this.#publish = publish
    this.#clock = clock
  }

  look(): void {
    if (this.#rest-- <= 0) void this.#look()
  }

  joined(): void {
    this.#last = undefined
    this.#rest = 0
  }

  end(): void {
    this.#isOver = true
  }

  async #look(): Promise<void> {
    // No second rendering may start before this one is done.
    this.#rest = Infinity
    const start = this.#clock.elapsed()
    const html = await this.#draw()
    this.#rest = Math.floor((this.#clock.elapsed() - start) / COST_OF_A_LOOK_MS)
    if (this.#isOver || html === undefined || html === this.#last) return
    this.#last = html
    this.#publish({ html })
  }
}
