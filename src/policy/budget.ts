/**
 * Memory that many have a share in. Everybody may have as much as they leave to the others: whoever is alone has half
 * of it, two have a third each, and there is always some for the next who comes. Inside a share the same holds for
 * those who have it in common, as the connections of one app.
 */

/** Whose share it is, the widest first: an app, then a connection of it. A name says all that it is part of. */
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

  /** @returns whether there was room; otherwise nothing has changed */
  take(holder: Holder, bytes: number): boolean {
    if (!this.hasRoom(holder, bytes)) return false
    this.change(holder, bytes)
    return true
  }

  give(holder: Holder, bytes: number): void {
    this.change(holder, -bytes)
  }

  /** Counts what has come, or has gone, whether there is room for it or not. */
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
      // As much as is left once it has it: the others have the rest of what was used.
      limit = (limit - (used - held)) / 2
      used = held
    }
    return held + bytes <= limit
  }
}
