/** A part of a page, drawn by the page's own code, and sent whenever it is not what it was. */
import type { Clock } from '../../core/clock.ts'
import type { PublishUpdate, LiveView } from './view.ts'

/** @returns undefined where there is nothing to be seen, or not any more */
export type Draw = () => Promise<string | undefined>

/** Milliseconds of drawing that are worth a look left out: on a server with very much to be seen, seeing is rare. */
const COST_OF_A_LOOK_MS = 10

export class PartView implements LiveView {
  readonly #draw: Draw
  readonly #publish: PublishUpdate
  readonly #clock: Clock
  #last: string | undefined
  /** Looks to be left out. */
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
    // Not again before it is done.
    this.#rest = Infinity
    const start = this.#clock.elapsed()
    const html = await this.#draw()
    this.#rest = Math.floor((this.#clock.elapsed() - start) / COST_OF_A_LOOK_MS)
    if (this.#isOver || html === undefined || html === this.#last) return
    this.#last = html
    this.#publish({ html })
  }
}
