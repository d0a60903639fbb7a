/** Waits until something is there, looking again at each change and, for changes that nobody tells of, every 50 ms. */

const LOOK_EVERY_MS = 50

export class Changes {
  readonly #waiting: (() => void)[] = []

  /** Something has changed: all who wait look again. */
  tell(): void {
    for (const resume of this.#waiting.splice(0)) resume()
  }

  /**
   * @param look gives what is waited for, once it is there
   * @param seen what came in its place, for the error
   */
  async until<T>(look: () => T | undefined, withinMs: number, seen: () => string): Promise<T> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`nothing came within ${withinMs} ms: ${seen()}`)
      await Promise.race([
        new Promise<void>((resolve) => this.#waiting.push(resolve)),
        Bun.sleep(Math.min(left, LOOK_EVERY_MS)),
      ])
    }
  }
}
