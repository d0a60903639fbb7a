/** Frames that take a while to arrive, as if the client were farther away than it is; in the order in which they were sent. */
import type { Frame } from '../../../../core/types.ts'

/** What may be on its way: far more than arrives in that time. */
const MAX_BYTES = 8_388_608

export class SimulatedLatency {
  readonly #ms: number
  readonly #arrive: (frame: Frame) => void
  #underway: Frame[] = []
  #bytes = 0

  /** @param ms that each frame takes; 0 for none */
  constructor(ms: number, arrive: (frame: Frame) => void) {
    this.#ms = ms
    this.#arrive = arrive
  }

  send(frame: Frame): void {
    if (this.#ms === 0) return this.#arrive(frame)
    this.#underway.push(frame)
    this.#bytes += frame.length
    if (this.#bytes > MAX_BYTES) this.flush()
    else setTimeout(() => this.#next(frame), this.#ms)
  }

  /** All arrive now: whoever is gone will not be closer later. */
  flush(): void {
    while (this.#underway.length > 0) this.#next(this.#underway[0]!)
  }

  #next(frame: Frame): void {
    // It may have arrived before its time.
    if (this.#underway[0] !== frame) return
    this.#underway.shift()
    this.#bytes -= frame.length
    this.#arrive(frame)
  }
}
