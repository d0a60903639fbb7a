/** Something that is said again and again and should be heard soon. */
export class Echo {
  readonly #say: (number: number) => void
  /** When what has not been heard yet was said. */
  readonly #saidAt = new Map<number, number>()
  #next = 0
  #heard = 0
  #worst = 0

  /** @param say is given a number, which is to come back to `heard` */
  constructor(say: (number: number) => void) {
    this.#say = say
  }

  get hasHeard(): boolean {
    return this.#heard > 0
  }

  /** How much has been said and not heard. */
  get open(): number {
    return this.#saidAt.size
  }

  /** Forgets how long it took so far. */
  start(): void {
    this.#worst = 0
  }

  say(): void {
    const number = this.#next++
    this.#saidAt.set(number, performance.now())
    this.#say(number)
  }

  heard(number: number): void {
    const at = this.#saidAt.get(number)
    if (at === undefined) return
    this.#saidAt.delete(number)
    this.#heard++
    this.#worst = Math.max(this.#worst, performance.now() - at)
  }

  /** The longest that an echo took, in milliseconds, also of those that are still to come. */
  worst(): number {
    const now = performance.now()
    const open = Array.from(this.#saidAt.values(), (at) => now - at)
    return Math.max(this.#worst, 0, ...open)
  }

  /** @returns one line if something was never heard */
  lost(what: string): string[] {
    return this.open === 0 ? [] : [`${this.open} of ${this.#next} ${what} lost`]
  }
}
