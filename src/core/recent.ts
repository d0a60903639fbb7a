/** The recent events of one channel, from which a client that was away for a moment goes on. */
import { Queue, firstWhere } from './queue.ts'
import type { Rememberer } from './retention.ts'
import type { PlacedEvent } from './types.ts'

export class RecentEvents implements Rememberer {
  readonly #maxEvents: number
  #events = new Queue<PlacedEvent>()
  /** Forgotten for there being too many; the queue's word for them is still to come. */
  #forgottenEarly = 0
  /** Everything after this position is here. */
  #floor: string
  #head: string

  /** @param position where the channel begins */
  constructor(position: string, maxEvents: number) {
    this.#floor = position
    this.#head = position
    this.#maxEvents = maxEvents
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
    return this.#events.length
  }

  /** In order of their positions. */
  all(): readonly PlacedEvent[] {
    return this.#events.slice()
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
  }

  /** Lets go of everything at once; nobody can go on from what was before. */
  clear(): void {
    this.#forgottenEarly += this.size
    this.#events = new Queue()
    this.#floor = this.#head
  }

  /**
   * What came after a position.
   * @returns undefined if that cannot be told any more, or the position is none of this channel's
   */
  after(position: string): readonly PlacedEvent[] | undefined {
    if (position < this.#floor || position > this.#head) return undefined
    return this.#events.slice(firstWhere(this.#events, (event) => event.position > position))
  }

  /** What stands at a position or after it, as far as it is remembered; it need not be one of this channel's. */
  from(position: string): readonly PlacedEvent[] {
    return this.#events.slice(firstWhere(this.#events, (event) => event.position >= position))
  }

  #drop(): void {
    const oldest = this.#events.shift()
    if (oldest) this.#floor = oldest.position
  }
}
