/** Inbound frames of one transport: held back while its credentials are being verified. */
import type { Soon } from '../../../../core/soon.ts'
import type { Frame } from '../../../../core/types.ts'
import { type Failure, failure } from '../../../../failure.ts'
import { SimulatedLatency } from './simulated-latency.ts'

/** Frames that may be held while a signature is verified. */
const MAX_HELD = 1000
/** Bytes of all held frames: many of the largest ones, and far more than arrives in that time. */
const MAX_HELD_BYTES = 8_388_608

/** The session that gets the frames. */
export interface FrameTaker {
  take(frame: Frame): void
  /** Ends the connection for good, and says why. */
  expel(why: Failure): void
}

export class InboundFrames {
  readonly #taker: FrameTaker
  readonly #latency: SimulatedLatency | undefined
  /** Frames that arrived while an answer was awaited; undefined if none is. */
  #held: Frame[] | undefined
  #heldBytes = 0
  #isClosed = false

  /** @param latencyMs by which each frame is delayed; 0 outside a sandbox */
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

  /** Acts on an answer, holding back frames until it is there: none may be handled under outdated credentials. */
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

  /** Puts a frame in front of the held ones, because it arrived before them. */
  putBack(frame: Frame): void {
    this.#held?.unshift(frame)
  }

  /** Delivers delayed frames at once, because the client has disconnected. */
  flush(): void {
    this.#latency?.flush()
  }

  /** Drops held frames and all that come later. */
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

/** The size in characters or bytes; the difference does not matter for limits this high. */
export function sizeOf(frame: Frame): number {
  return typeof frame === 'string' ? frame.length : frame.byteLength
}
