/** The frames of one transport on their way to its session: held back while it is not known who its client is. */
import type { Soon } from '../../../../core/soon.ts'
import type { Frame } from '../../../../core/types.ts'
import { type Failure, failure } from '../../../../failure.ts'
import { SimulatedLatency } from './simulated-latency.ts'

/** Frames that may wait while a signature is checked. */
const MAX_HELD = 1000
/** What they may come to: many of the largest frames, and far more than arrives in that time. */
const MAX_HELD_BYTES = 8_388_608

/** What takes the frames. */
export interface FrameTaker {
  take(frame: Frame): void
  /** Ends the connection for good, and says why. */
  expel(why: Failure): void
}

export class InboundFrames {
  readonly #taker: FrameTaker
  readonly #latency: SimulatedLatency | undefined
  /** What has come while an answer was awaited; undefined while none is. */
  #held: Frame[] | undefined
  #heldBytes = 0
  #isClosed = false

  /** @param latencyMs that each frame takes to arrive; 0 but in a sandbox */
  constructor(taker: FrameTaker, latencyMs: number) {
    this.#taker = taker
    this.#latency =
      latencyMs === 0 ? undefined : new SimulatedLatency(latencyMs, (frame) => this.#arrived(frame))
  }

  get isHeld(): boolean {
    return this.#held !== undefined
  }

  receive(frame: Frame): void {
    if (this.#latency) this.#latency.send(frame)
    else this.#arrived(frame)
  }

  /** Acts on an answer, and holds back the frames that come before it is there: nothing is done in the wrong name. */
  after<T>(answer: Soon<T>, act: (answer: T) => void): void {
    if (!(answer instanceof Promise)) return act(answer)
    this.#held ??= []
    void answer.then((known) => {
      if (this.#isClosed) return
      const held = this.#held ?? []
      this.#held = undefined
      this.#heldBytes = 0
      act(known)
      for (const frame of held) this.#arrived(frame)
    })
  }

  /** Puts a frame before those that are held, because it came before them. */
  putBack(frame: Frame): void {
    this.#held?.unshift(frame)
  }

  /** Frames that have not arrived yet do so now: whoever is gone will not be closer later. */
  flush(): void {
    this.#latency?.flush()
  }

  /** Drops what is held. What comes later is dropped, too. */
  close(): void {
    this.#isClosed = true
    this.#held = undefined
  }

  #arrived(frame: Frame): void {
    if (this.#isClosed) return
    if (!this.#held) return this.#taker.take(frame)
    this.#held.push(frame)
    this.#heldBytes += sizeOf(frame)
    const isTooMuch = this.#held.length > MAX_HELD || this.#heldBytes > MAX_HELD_BYTES
    if (isTooMuch) this.#taker.expel(failure('flooding'))
  }
}

/** In characters or bytes: near enough for limits that are far above every message's. */
export function sizeOf(frame: Frame): number {
  return typeof frame === 'string' ? frame.length : frame.byteLength
}
