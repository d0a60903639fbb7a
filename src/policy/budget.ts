/**
 * A budget of memory that many holders share. Each may hold as much as it leaves free: a single holder gets half of
 * the budget, two get a third each, so there is always some left for the next. Within a share the same rule divides it
 * further, for example among the connections of one app.
 */

/** The shares that memory counts to, the widest first: an app, then one connection of it. Names are unique in the budget. */
export type Holder = readonly string[]

export class Budget {
  readonly #total: number
  readonly #held = new Map<string, number>()
  #used = 0

  /** @param total bytes of all together; 0 for no limit */
  constructor(total: number) {
    this.#total = total
  }

  get used(): number {
    return this.#used
  }

  heldBy(name: string): number {
    return this.#held.get(name) ?? 0
  }

  /** Takes memory if there is room. @returns whether there was; otherwise nothing has changed */
  take(holder: Holder, bytes: number): boolean {
    if (!this.hasRoom(holder, bytes)) return false
    this.change(holder, bytes)
    return true
  }

  give(holder: Holder, bytes: number): void {
    this.change(holder, -bytes)
  }

  /** Counts memory that was taken or freed, without checking for room. */
  change(holder: Holder, bytes: number): void {
    this.#used += bytes
    for (const name of holder) {
      const held = this.heldBy(name) + bytes
      if (held > 0) this.#held.set(name, held)
      else this.#held.delete(name)
    }
  }

  hasRoom(holder: Holder, bytes: number): boolean {
    if (this.#total === 0) return true
    let limit = this.#total
    let used = this.#used
    let held = used
    for (const name of holder) {
      held = this.heldBy(name)
      // Half of what the others leave: the holder may have as much as is then left free.
      limit = (limit - (used - held)) / 2
      used = held
    }
    return held + bytes <= limit
  }
}
