/**
 * Numbers tokens and revocations in the order in which they are made, to decide which tokens a revocation concerns.
 * Times cannot: many tokens are issued in one millisecond, and a clock can be set back. The numbers never go back, not
 * by a restart, a restored backup, or a command that runs beside the server.
 */
import type { Clock } from '../../core/clock.ts'
import type { TokenNumbers } from '../../identity/native-token.ts'
import type { Store } from '../../store/database.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { readFact, writeFact } from '../../store/tables/facts.ts'
import type { StoreParts } from '../store-parts.ts'
import { quietly } from '../../trouble.ts'

/** The fact with the first number that no process has taken. */
const NEXT = 'next-token-number'
/** How many numbers a process reserves at a time, so that few tokens wait for the database. */
const RANGE = 16_384
/**
 * Numbers rise at least by this much each millisecond, so that after an older database was restored new numbers are
 * greater than those of tokens that it does not know of.
 */
const PER_MS = 1024
/** Pause after a failed attempt to reserve a range. */
const PAUSE_MS = 1000
/** Bounds what a clock that is far ahead can use up. */
const MAX_FROM_CLOCK = 2 ** 52

export class TokenOrder implements TokenNumbers {
  readonly #store: Store
  readonly #ledger: Ledger
  readonly #clock: Clock
  #next = 0
  #end = 0
  /** By the clock's elapsed time. */
  #restsUntil = 0

  constructor({ store, ledger, clock }: StoreParts) {
    this.#store = store
    this.#ledger = ledger
    this.#clock = clock
  }

  /**
   * The number of a new token. Must not be called within a transaction, which could be undone.
   * @returns undefined while the database cannot be written: the token is issued without, and is compared by time
   */
  next(): number | undefined {
    if (this.#next === this.#end && this.#clock.elapsed() >= this.#restsUntil) this.#tryRange()
    return this.#next === this.#end ? undefined : this.#next++
  }

  /**
   * The number of a revocation: greater than those of all tokens so far, whichever process has issued them. Part of
   * the caller's transaction; once that is committed, `passed` must be called.
   */
  mark(): number {
    const marked = this.#first()
    this.#keep(marked + 1)
    return marked
  }

  /** Makes later tokens come after a revocation. @param marked the revocation's number, from whichever process */
  passed(marked: number): void {
    if (this.#next <= marked) this.#next = this.#end
  }

  /** Pauses after a failure: another program may hold the database, and each attempt may wait for its lock. */
  #tryRange(): void {
    this.#restsUntil = this.#clock.elapsed() + PAUSE_MS
    quietly(() => this.#takeRange())
    if (this.#next !== this.#end) this.#restsUntil = 0
  }

  /** Uses a range only once it is committed, or two processes could use the same. */
  #takeRange(): void {
    const first = this.#ledger.write(() => {
      const next = this.#first()
      this.#keep(next + RANGE)
      return next
    })
    this.#next = first
    this.#end = first + RANGE
  }

  /** The first number that nobody has taken. */
  #first(): number {
    const known = Number(readFact(this.#store, NEXT)?.toString() ?? 0)
    return Math.max(known, Math.min(this.#clock.now() * PER_MS, MAX_FROM_CLOCK))
  }

  #keep(next: number): void {
    this.#ledger.write(() => writeFact(this.#store, NEXT, Buffer.from(String(next))))
  }
}
