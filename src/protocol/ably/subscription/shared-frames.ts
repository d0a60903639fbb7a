/** Frames of missed events, cached because many clients who resume at once miss the same events. */
import type { Frame, PlacedEvent } from '../../../core/types.ts'

/** Bytes that are cached until other clients reach the same event. */
const MAX_BYTES = 4_194_304

export class SharedFrames {
  readonly #maxBytes: number
  /** By event and then by variant, in the order of first use. */
  readonly #known = new Map<PlacedEvent, Map<string, readonly Frame[]>>()
  #bytes = 0
  #encoded = 0

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** How often an event had to be encoded; for tests. */
  get encoded(): number {
    return this.#encoded
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param make encodes the event for the variant; it must depend on nothing else */
  of(event: PlacedEvent, variant: string, make: () => readonly Frame[]): readonly Frame[] {
    const found = this.#known.get(event)?.get(variant)
    if (found) return found
    this.#encoded++
    const frames = make()
    this.#keep(event, variant, frames)
    return frames
  }

  #keep(event: PlacedEvent, variant: string, frames: readonly Frame[]): void {
    const bytes = sizeOf(frames)
    if (bytes === 0 || bytes > this.#maxBytes / 4) return
    const known = this.#known.get(event)
    if (known) known.set(variant, frames)
    else this.#known.set(event, new Map([[variant, frames]]))
    this.#bytes += bytes
    for (const [oldest, variants] of this.#known) {
      if (this.#bytes <= this.#maxBytes) return
      this.#known.delete(oldest)
      for (const old of variants.values()) this.#bytes -= sizeOf(old)
    }
  }
}

function sizeOf(frames: readonly Frame[]): number {
  return frames.reduce((sum, frame) => sum + frame.length, 0)
}
