const NOTHING = { ms: 0, workMs: 0 }

/** How long something took: on the clock, and of the server's own work, which no other program makes longer. */
export interface Took {
  readonly ms: number
  readonly workMs: number
}

/** Something that is said again and again and should be heard soon. */
export class Echo {
  readonly #say: (number: number) => void
  readonly #work: () => number
  /** Of what has not been heard yet: when it was said, and what the server had worked by then. */
  readonly #said = new Map<number, Took>()
  #next = 0
  #heard = 0
  #worst: Took = NOTHING

  /**
   * @param say is given a number, which is to come back to `heard`
   * @param work milliseconds that the server has worked so far
   */
  constructor(say: (number: number) => void, work: () => number) {
    this.#say = say
    this.#work = work
  }

  get hasHeard(): boolean {
    return this.#heard > 0
  }

  /** How much has been said and not heard. */
  get open(): number {
    return this.#said.size
  }

  /** Forgets how long it took so far. */
  start(): void {
    this.#worst = NOTHING
  }

  say(): void {
    const number = this.#next++
    this.#said.set(number, { ms: performance.now(), workMs: this.#work() })
    this.#say(number)
  }

  heard(number: number): void {
    const said = this.#said.get(number)
    if (said === undefined) return
    this.#said.delete(number)
    this.#heard++
    this.#note(said)
  }

  /** The most that an echo took, also of those that are still to come. */
  worst(): Took {
    for (const said of this.#said.values()) this.#note(said)
    return this.#worst
  }

  #note(said: Took): void {
    const ms = performance.now() - said.ms
    const workMs = this.#work() - said.workMs
    this.#worst = {
      ms: Math.max(ms, this.#worst.ms),
      workMs: Math.max(workMs, this.#worst.workMs),
    }
  }

  /** @returns one line if something was never heard */
  lost(what: string): string[] {
    return this.open === 0 ? [] : [`${this.open} of ${this.#next} ${what} lost`]
  }
}
