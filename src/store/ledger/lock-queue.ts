/** Writers that wait for another program to release `latchkey.db`, in order, without blocking the event loop. */
import { BusyError } from '../../trouble.ts'

/** Writers are refused after waiting this long. */
const PATIENCE_MS = 5000
const RETRY_MS = 20
/** Beyond this number writers are refused at once. */
const MAX_WAITING = 1000
/** How many may go on in one turn of the event loop. */
const AT_ONCE = 20

interface Waiting {
  /** By the monotonic clock of the process. */
  readonly since: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class LockQueue {
  readonly #isFree: () => boolean
  readonly #onTimeout: (error: unknown) => void
  readonly #waiting: Waiting[] = []
  #timer: Timer | undefined

  /**
   * @param isFree whether the write lock is available now; throws other errors of the database
   * @param onTimeout called for each writer that has waited too long
   */
  constructor(isFree: () => boolean, onTimeout: (error: unknown) => void) {
    this.#isFree = isFree
    this.#onTimeout = onTimeout
  }

  get length(): number {
    return this.#waiting.length
  }

  /**
   * @returns undefined where the lock is available in this turn and nobody waits; otherwise a promise that resolves in
   *   a turn in which it is
   * @throws BusyError (also by the promise), or what `isFree` throws
   */
  enter(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#isFree()) return undefined
    if (this.#waiting.length >= MAX_WAITING) throw new BusyError()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ since: performance.now(), resolve, reject })
    this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS)
    return promise
  }

  #retry(): void {
    this.#timer = undefined
    try {
      if (this.#isFree()) for (const { resolve } of this.#waiting.splice(0, AT_ONCE)) resolve()
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    }
    const since = performance.now() - PATIENCE_MS
    while (this.#waiting[0] && this.#waiting[0].since < since) {
      const held = new BusyError()
      this.#waiting.shift()!.reject(held)
      this.#onTimeout(held)
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#retry(), RETRY_MS)
  }

  /** Refuses all who wait. */
  close(): void {
    clearTimeout(this.#timer)
    for (const { reject } of this.#waiting.splice(0)) reject(new BusyError())
  }
}
