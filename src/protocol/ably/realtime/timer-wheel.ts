/** One timer for everything that happens to connections with time, because a timer for each would cost as much as the connection. */

/** Something that is to be woken. It may be scheduled again before: only the last time counts. */
export interface Timed {
  /** Milliseconds since the epoch; set by the wheel alone. `NEVER` while it waits for nothing. */
  due: number
  wake(now: number): void
}

export const NEVER = Infinity

/** How finely time is divided: nothing comes early, and nothing later than this. */
export const TICK_MS = 250

export class TimerWheel {
  readonly #slots = new Map<number, Timed[]>()
  /** The slot up to which all have been woken. */
  #done: number

  /** @param now milliseconds since the epoch */
  constructor(now: number) {
    this.#done = Math.floor(now / TICK_MS)
  }

  schedule(timed: Timed, due: number): void {
    timed.due = due
    if (due === NEVER) return
    const tick = Math.max(Math.ceil(due / TICK_MS), this.#done + 1)
    const slot = this.#slots.get(tick)
    if (slot) slot.push(timed)
    else this.#slots.set(tick, [timed])
  }

  /** It is forgotten; the slot it is in still holds it until then. */
  cancel(timed: Timed): void {
    timed.due = NEVER
  }

  /** Wakes, in the order of time, whatever is due. */
  advance(now: number): void {
    const last = Math.floor(now / TICK_MS)
    if (last <= this.#done) return
    const isJump = last - this.#done > this.#slots.size
    const ticks = isJump ? this.#ticksUntil(last) : range(this.#done + 1, last)
    this.#done = last
    for (const tick of ticks) this.#fire(tick, now)
  }

  #fire(tick: number, now: number): void {
    const slot = this.#slots.get(tick)
    if (!slot) return
    this.#slots.delete(tick)
    for (const timed of slot) {
      if (timed.due > now) continue
      timed.due = NEVER
      timed.wake(now)
    }
  }

  #ticksUntil(last: number): number[] {
    return [...this.#slots.keys()].filter((tick) => tick <= last).toSorted((a, b) => a - b)
  }
}

function* range(first: number, last: number): Iterable<number> {
  for (let tick = first; tick <= last; tick++) yield tick
}
