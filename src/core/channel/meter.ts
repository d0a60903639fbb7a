/** How much happens on a channel: in all, and lately. */

/** The length of the window, in milliseconds. */
const WINDOW_MS = 5000

export class Meter {
  /** Since the beginning. */
  total = 0
  /** When the window began that was counted in last. */
  #from = 0
  #inWindow = 0
  #inWindowBefore = 0

  /** @param now the time of channels, in milliseconds since the epoch, as in `rate` */
  note(count: number, now: number): void {
    if (now < this.#from || now - this.#from >= WINDOW_MS) this.#turn(now)
    this.total += count
    this.#inWindow += count
  }

  /** How many a second there have been lately; of the window before, as much counts as is not yet over. */
  rate(now: number): number {
    this.#turn(now)
    const left = 1 - (now % WINDOW_MS) / WINDOW_MS
    return ((this.#inWindow + this.#inWindowBefore * left) * 1000) / WINDOW_MS
  }

  #turn(now: number): void {
    const from = now - (now % WINDOW_MS)
    if (from === this.#from) return
    this.#inWindowBefore = from === this.#from + WINDOW_MS ? this.#inWindow : 0
    this.#inWindow = 0
    this.#from = from
  }
}
