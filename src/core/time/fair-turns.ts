/**
 * Long work, cut into pieces: a turn of the event loop does a bounded amount of it, everybody who has some gets their
 * share of that, and whatever else the server has to do comes between two turns.
 */

/** Something that takes longer than others can wait for. */
export interface Work {
  /**
   * Does a piece, as small as can be.
   * @returns about what it cost in bytes, as `PIECE_COST` has it; undefined where nothing is left, or nothing can be
   *   done until it is enlisted again
   */
  step(): number | undefined
  /** It ran into a bug, and is not asked again. */
  failed(error: unknown): void
}

/** What even a piece costs that makes no bytes, such as a look at a message that nobody wants. */
export const PIECE_COST = 256

/** About a millisecond of encoding and sending. */
const TURN_COST = 524_288
/** What one may do before the next comes. */
const SHARE_COST = 65_536

export class FairTurns {
  readonly #waiting = new Set<Work>()
  #spent = 0
  #isRunning = false
  #isScheduled = false
  #turns = 0

  /** How many turns had work of this kind in them. */
  get turns(): number {
    return this.#turns
  }

  /** Begins at once where this turn has room for it; what is enlisted already stays where it is. */
  enlist(work: Work): void {
    this.#waiting.add(work)
    if (!this.#isRunning) this.#run()
  }

  /** Whatever it had left is not done. */
  dismiss(work: Work): void {
    this.#waiting.delete(work)
  }

  /**
   * @param costOf what it has cost, as it has turned out
   * @returns settled once a piece of work has been done, in its turn
   */
  once<T>(act: () => T, costOf: (result: T) => number): Promise<T> {
    const { promise, reject, resolve } = Promise.withResolvers<T>()
    let isDone = false
    this.enlist({
      step: () => {
        if (isDone) return undefined
        isDone = true
        const result = act()
        resolve(result)
        return costOf(result)
      },
      failed: reject,
    })
    return promise
  }

  #run(): void {
    this.#isRunning = true
    for (const work of this.#waiting) {
      if (this.#spent >= TURN_COST) break
      // Whoever is not done goes to the end; a set is walked in the order in which things were added to it.
      this.#waiting.delete(work)
      if (this.#share(work)) this.#waiting.add(work)
    }
    this.#isRunning = false
    if (this.#spent > 0) this.#schedule()
  }

  /** @returns whether it has more to do */
  #share(work: Work): boolean {
    let spent = 0
    try {
      while (spent < SHARE_COST && this.#spent < TURN_COST) {
        const cost = work.step()
        if (cost === undefined) return false
        spent += Math.max(PIECE_COST, cost)
        this.#spent += Math.max(PIECE_COST, cost)
      }
      return true
    } catch (error) {
      work.failed(error)
      return false
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#turns++
    setImmediate(() => {
      this.#isScheduled = false
      this.#spent = 0
      this.#run()
    })
  }
}
