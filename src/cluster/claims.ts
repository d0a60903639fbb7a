/** What was claimed lately, each for a time of its own. */

/** What is over within this time of each other is forgotten together. */
const SLOT_MS = 5000

export class Claims {
  readonly #elapsed: () => number
  /** By name, when it is over. */
  readonly #until = new Map<string, number>()
  /** Names by the slot of time after which they are over. */
  readonly #slots = new Map<number, string[]>()
  #firstSlot = 0

  /** @param elapsed milliseconds of a clock that nobody sets */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed
  }

  get size(): number {
    return this.#until.size
  }

  /** @returns whether it was free */
  take(name: string, keepMs: number): boolean {
    const now = this.#elapsed()
    this.#forget(now)
    const known = this.#until.get(name)
    if (known !== undefined && known > now) return false
    const until = now + keepMs
    this.#until.set(name, until)
    const slot = Math.floor(until / SLOT_MS)
    const names = this.#slots.get(slot)
    if (names) names.push(name)
    else this.#slots.set(slot, [name])
    return true
  }

  #forget(now: number): void {
    const current = Math.floor(now / SLOT_MS)
    if (current <= this.#firstSlot) return
    this.#firstSlot = current
    for (const [slot, names] of this.#slots) {
      if (slot >= current) continue
      this.#slots.delete(slot)
      // One may have been claimed anew since.
      for (const name of names) if ((this.#until.get(name) ?? now) <= now) this.#until.delete(name)
    }
  }
}
