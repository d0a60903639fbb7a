/** The recent events of one channel, from which a client that was away for a moment goes on. */
import type { Rememberer } from './retention.ts'
import type { PlacedEvent } from './types.ts'

const CUT_AT = 64

export class RecentEvents implements Rememberer {
  readonly #maxEvents: number
  readonly #onEmpty: () => void
  #events: PlacedEvent[] = []
  #first = 0
  /** Forgotten for there being too many; the queue's word for them is still to come. */
  #forgottenEarly = 0
  /** Everything after this position is here. */
  #floor: string
  #head: string

  /**
   * @param position where the channel begins
   * @param onEmpty called when the last of the events has been forgotten
   */
  constructor(position: string, maxEvents: number, onEmpty: () => void) {
    this.#floor = position
    this.#head = position
    this.#maxEvents = maxEvents
    this.#onEmpty = onEmpty
  }

  /** The position of the newest event, or where the channel begins. */
  get head(): string {
    return this.#head
  }

  /** The oldest position from which somebody can go on. */
  get floor(): string {
    return this.#floor
  }

  get size(): number {
    return this.#events.length - this.#first
  }

  /** In order of their positions. */
  all(): readonly PlacedEvent[] {
    return this.#events.slice(this.#first)
  }

  add(event: PlacedEvent): void {
    this.#events.push(event)
    this.#head = event.position
    if (this.size <= this.#maxEvents) return
    this.#forgottenEarly++
    this.#drop()
  }

  /** Moves on to a position at which nothing is kept: an ephemeral message was there. */
  skipTo(position: string): void {
    this.#head = position
  }

  forgetOldest(): void {
    if (this.#forgottenEarly > 0) this.#forgottenEarly--
    else this.#drop()
    if (this.size === 0) this.#onEmpty()
  }

  /**
   * What came after a position.
   * @returns undefined if that cannot be told any more, or the position is none of this channel's
   */
  after(position: string): readonly PlacedEvent[] | undefined {
    if (position < this.#floor || position > this.#head) return undefined
    return this.#events.slice(this.#firstAfter(position))
  }

  #firstAfter(position: string): number {
    let low = this.#first
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#events[middle]!.position > position) high = middle
      else low = middle + 1
    }
    return low
  }

  #drop(): void {
    const oldest = this.#events[this.#first]
    if (!oldest) return
    this.#floor = oldest.position
    this.#first++
    if (this.#first < CUT_AT || this.#first * 2 < this.#events.length) return
    this.#events = this.#events.slice(this.#first)
    this.#first = 0
  }
}
