/** Publications by their publisher's own ids, so that one that comes again is known (RSL1k). */
import type { Rememberer, RetentionQueue } from '../history/retention.ts'

interface Known<T> {
  readonly receipt: T
  /** The clock's elapsed time. */
  readonly at: number
}

export interface IdLimits {
  /** For how long an id is known, in milliseconds. */
  readonly idempotencyMs: number
  /** How many one channel may remember; beyond that the oldest are forgotten early. */
  readonly maxIds: number
}

export class RecentIds<T> implements Rememberer {
  readonly #retention: RetentionQueue
  readonly #limits: IdLimits
  /** In the order of time. */
  readonly #known = new Map<string, Known<T>>()
  /** Forgotten before the queue said so; its word for them is still to come. */
  #forgottenEarly = 0

  constructor(retention: RetentionQueue, limits: IdLimits) {
    this.#retention = retention
    this.#limits = limits
  }

  get size(): number {
    return this.#known.size
  }

  /** What was answered when this id came first. @param now the clock's elapsed time, as in `add` */
  find(id: string, now: number): T | undefined {
    const known = this.#known.get(id)
    return known && known.at > now - this.#limits.idempotencyMs ? known.receipt : undefined
  }

  /** In the order of time. */
  entries(): [id: string, receipt: T][] {
    return Array.from(this.#known, ([id, { receipt }]) => [id, receipt])
  }

  remove(id: string): void {
    if (this.#known.delete(id)) this.#forgottenEarly++
  }

  /** @param bytes about what id and receipt take in memory */
  add(id: string, receipt: T, bytes: number, now: number): void {
    // Deleted first, so that it moves to the end of the order.
    this.remove(id)
    this.#known.set(id, { receipt, at: now })
    if (this.#known.size > this.#limits.maxIds) this.remove(this.#oldest())
    this.#retention.note(this, bytes, now)
  }

  forgetOldest(): void {
    if (this.#forgottenEarly > 0) this.#forgottenEarly--
    else this.#known.delete(this.#oldest())
  }

  /** Lets go of all of them at once. */
  clear(): void {
    this.#forgottenEarly += this.#known.size
    this.#known.clear()
  }

  #oldest(): string {
    return this.#known.keys().next().value!
  }
}
