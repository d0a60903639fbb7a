/** Positions: the order of everything that channels remember, as text that grows. */
import { ChannelTime } from '../time/channel-time.ts'
import type { Clock } from '../clock.ts'

/** What can stand in a position after its `@`; set once for a server's run. */
export type Site = string

const MS_DIGITS = 14
const MAX_COUNTER = 999
/** Of the counter, and of the index of what stands at a position with others. */
const THREE_DIGITS = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'))
const FORM = /^(\d{14})-(\d{3})@[A-Za-z0-9]{1,20}$/

/**
 * Gives out positions such as `01826232498871-000@aB3xK9pQ2r`, each greater than all before, as text is
 * ordered, even where the clock stands still or goes back.
 */
export class PositionSource {
  /** That of all that is given a position. */
  readonly time: ChannelTime
  readonly #suffix: string
  #ms = 0
  #counter = 0
  /** What the positions of this millisecond begin with. */
  #prefix = ''

  /** @param last the greatest position that anybody may have seen, if that is known */
  constructor(clock: Clock, site: Site, last: string | undefined) {
    this.time = new ChannelTime(clock)
    this.#suffix = `@${site}`
    this.#begin(0)
    this.follow(last)
  }

  /** Goes on after a position that came from elsewhere. */
  follow(position: string | undefined): void {
    const parts = position === undefined ? null : FORM.exec(position)
    if (!parts) return
    const ms = Number(parts[1])
    const counter = Number(parts[2])
    if (ms < this.#ms || (ms === this.#ms && counter <= this.#counter)) return
    this.time.follow(ms)
    this.#begin(ms, counter)
  }

  /** @param now what `time` has just said, where somebody has asked */
  next(now = this.time.now()): string {
    if (now > this.#ms) this.#begin(now)
    else if (this.#counter < MAX_COUNTER) this.#counter++
    else this.#begin(this.#ms + 1)
    return this.#prefix + THREE_DIGITS[this.#counter]! + this.#suffix
  }

  #begin(ms: number, counter = 0): void {
    this.#ms = ms
    this.#counter = counter
    this.#prefix = `${msText(ms)}-`
  }
}

/** Whether text has the form of a position; a stranger may have made it up all the same. */
export function isPosition(text: string): boolean {
  return FORM.test(text)
}

/** The channel time at which something was placed, in milliseconds. */
export function msOf(position: string): number {
  return Number(position.slice(0, MS_DIGITS))
}

/** Text that stands before everything that was placed in the last so many milliseconds before a position. */
export function before(position: string, ms: number): string {
  return msText(Math.max(0, msOf(position) - ms))
}

/** The serial of one of the things that stand at a position together. */
export function serialAt(position: string, index: number): string {
  return `${position}:${THREE_DIGITS[index] ?? index}`
}

/** The position at which the thing with a serial stands. */
export function positionOf(serial: string): string {
  const colon = serial.lastIndexOf(':')
  return colon < 0 ? serial : serial.slice(0, colon)
}

/** What the positions of a time begin with; milliseconds since the epoch. */
export function msText(ms: number): string {
  return String(ms).padStart(MS_DIGITS, '0')
}
