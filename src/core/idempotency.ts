/** Publications by their publisher's own ids, so that one that comes again is known (RSL1k). */

interface Known<T> {
  readonly receipt: T
  readonly at: number
}

export class RecentIds<T> {
  readonly #keepMs: number
  readonly #maxIds: number
  /** In the order of time. */
  readonly #known = new Map<string, Known<T>>()

  /** @param maxIds how many one channel may remember; beyond that the oldest are forgotten early */
  constructor(keepMs: number, maxIds: number) {
    this.#keepMs = keepMs
    this.#maxIds = maxIds
  }

  get size(): number {
    return this.#known.size
  }

  /** What was answered when this id came first. */
  find(id: string, now: number): T | undefined {
    const known = this.#known.get(id)
    return known && known.at > now - this.#keepMs ? known.receipt : undefined
  }

  /** In the order of time. */
  entries(): [id: string, receipt: T, at: number][] {
    return Array.from(this.#known, ([id, { receipt, at }]) => [id, receipt, at])
  }

  remove(id: string): void {
    this.#known.delete(id)
  }

  add(id: string, receipt: T, now: number): void {
    // Deleted first, so that it moves to the end of the order.
    this.#known.delete(id)
    this.#known.set(id, { receipt, at: now })
    for (const [oldest, { at }] of this.#known) {
      if (at > now - this.#keepMs && this.#known.size <= this.#maxIds) break
      this.#known.delete(oldest)
    }
  }
}
