/** The last refusals for the dashboard; the same one again is kept once, with how often it happened. */
import type { Failure } from '../failure.ts'
import type { RefusalSummary } from '../service/live/recent-refusals.ts'
import { fieldsWithoutSecrets, shownText } from '../text/secrets.ts'

const MAX_KEPT = 300

export class RecentRefusals {
  /** In the order of their last time. */
  readonly #kept = new Map<string, RefusalSummary>()

  /** The newest first. */
  list(): readonly RefusalSummary[] {
    return [...this.#kept.values()].toReversed()
  }

  /** Counts a refusal that is kept already. @returns whether it was */
  repeat(why: Failure, detail: object, now: number): boolean {
    const key = keyOf(why, detail)
    const known = this.#kept.get(key)
    if (!known) return false
    this.#kept.delete(key)
    this.#kept.set(key, { ...known, last: now, count: known.count + 1 })
    return true
  }

  /** @param told the detail, and what is shown besides */
  add(why: Failure, detail: object, told: object, now: number): void {
    const refused = {
      reason: why.name,
      message: shownText(why.message),
      first: now,
      last: now,
      count: 1,
      detail: fieldsWithoutSecrets(told),
    }
    this.#kept.set(keyOf(why, detail), refused)
    if (this.#kept.size <= MAX_KEPT) return
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest)
      return
    }
  }
}

function keyOf({ name, message }: Failure, detail: object): string {
  return JSON.stringify([name, message, detail])
}
