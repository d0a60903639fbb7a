/** Delays frames as a slow network would, in order. Test suites of SDKs rely on such a delay. */
import type { Frame } from '../../../../core/types.ts'

/** Bytes that may be delayed at once: far more than arrives in that time. */
const MAX_BYTES = 8_388_608

export class SimulatedLatency {
  readonly #ms: number
  readonly #arrive: (frame: Frame) => void
  #underway: Frame[] = []
  #bytes = 0

  /** @param ms by which each frame is delayed; 0 for none */
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

  /** Delivers all delayed frames now, because the client has disconnected. */
  flush(): void {
    while (this.#underway.length > 0) this.#next(this.#underway[0]!)
  }

  #next(frame: Frame): void {
    // It may have been flushed already.
    if (this.#underway[0] !== frame) return
    this.#underway.shift()
    this.#bytes -= frame.length
    this.#arrive(frame)
  }
}
