/** Logs bugs and faults with where they happened, and no more of them than an operator can read. */
import type { Clock } from '../core/clock.ts'
import type { Rate } from '../policy/rate-limits.ts'
import { BoundedLines } from './bounded-lines.ts'
import type { Logger } from './logs.ts'

/** A bug that every request of a flood runs into is one bug. */
const LOGGED: Rate = { perSecond: 1, burst: 20 }

export class Faults {
  readonly #log: Logger
  readonly #lines: BoundedLines

  constructor(log: Logger, clock: Clock) {
    this.#log = log
    this.#lines = new BoundedLines(LOGGED, clock, (unlogged) =>
      log.error('more errors were left out', { unlogged }),
    )
  }

  /** An exception that nobody expected. */
  readonly bug = (error: unknown): void => {
    this.#lines.offer((leftOut) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#log.error('unexpected error', { error: text, ...leftOut })
    })
  }

  /** Something outside the program that does not work, such as a full disk. */
  fault(what: string, { message }: Error): void {
    this.#lines.offer((leftOut) => this.#log.error(what, { error: message, ...leftOut }))
  }

  /** What whoever runs the server should know. */
  notice(text: string): void {
    this.#lines.offer((leftOut) => this.#log.info(text, { ...leftOut }))
  }

  /** Logs how many were left out, before the server stops. */
  stop(): void {
    this.#lines.flush()
  }
}
