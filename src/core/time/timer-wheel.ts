/** One timer for everything that happens to connections with time, because a timer for each would cost as much as the connection. */

import type { Clock } from '../clock.ts'

/** Something that is to be woken, once. */
export interface Timed {
  /** By the clock's elapsed time; set by the wheel alone. `NEVER` while it waits for nothing. */
  due: number
  wake(now: number): void
}

export const NEVER = Infinity

/** How finely time is divided: nothing comes early, and nothing later than this. */
export const TICK_MS = 250

export class TimerWheel {
  readonly #slots = new Map<number, Set<Timed>>()
  /** The slot up to which all have been woken. */
  #done: number
  #timer: Timer | undefined
  #now: number

  /** @param now the clock's elapsed time, as everywhere here */
  constructor(now: number) {
    this.#done = Math.floor(now / TICK_MS)
    this.#now = now
  }

  /** When it was turned last. */
  get now(): number {
    return this.#now
  }

  /** Turns it as time passes. */
  start(clock: Clock): void {
    this.#timer = setInterval(() => this.advance(clock.elapsed()), TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Takes the place of what it waited for before. What is due already is woken at the next tick. */
  schedule(timed: Timed, due: number): void {
    this.cancel(timed)
    if (due === NEVER) return
    timed.due = Math.max(due, (this.#done + 1) * TICK_MS)
    const tick = tickOf(timed)
    const slot = this.#slots.get(tick)
    if (slot) slot.add(timed)
    else this.#slots.set(tick, new Set([timed]))
  }

  cancel(timed: Timed): void {
    if (timed.due === NEVER) return
    const tick = tickOf(timed)
    timed.due = NEVER
    const slot = this.#slots.get(tick)
    if (slot?.delete(timed) === true && slot.size === 0) this.#slots.delete(tick)
  }

  /** Wakes, in the order of time, whatever is due. */
  advance(now: number): void {
    this.#now = now
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
      // One that was woken before it may have called it off.
      if (timed.due === NEVER) continue
      timed.due = NEVER
      timed.wake(now)
    }
  }

  #ticksUntil(last: number): number[] {
    return [...this.#slots.keys()].filter((tick) => tick <= last).toSorted((a, b) => a - b)
  }
}

function tickOf({ due }: Timed): number {
  return Math.ceil(due / TICK_MS)
}

function* range(first: number, last: number): Iterable<number> {
  for (let tick = first; tick <= last; tick++) yield tick
}
