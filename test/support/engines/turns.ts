/** Does what is asked for in later turns: for each channel in order and one in a turn, so that others come in between. */
type Step = () => void

export class Turns {
  /** By channel: what is still to be done. */
  readonly #steps = new Map<string, Step[]>()
  readonly #idle = new Set<() => void>()

  later<T>(key: string, act: () => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const step = () => {
      try {
        resolve(act())
      } catch (error) {
        reject(error)
      }
    }
    const waiting = this.#steps.get(key)
    if (waiting) waiting.push(step)
    else {
      this.#steps.set(key, [step])
      setImmediate(() => this.#next(key))
    }
    return promise
  }

  /** Once nothing is left to be done. */
  async idle(): Promise<void> {
    while (this.#steps.size > 0) await new Promise<void>((done) => this.#idle.add(done))
  }

  #next(key: string): void {
    const steps = this.#steps.get(key)!
    steps.shift()!()
    if (steps.length > 0) return void setImmediate(() => this.#next(key))
    this.#steps.delete(key)
    if (this.#steps.size > 0) return
    for (const done of this.#idle) done()
    this.#idle.clear()
  }
}
