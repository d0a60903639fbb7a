/**
 * Numbers that say which of two came first: a token that is issued, or a revocation. Moments do not: many tokens are
 * issued in one millisecond, and a clock can be set back. They never go back, whatever is restarted, restored from a
 * backup, or done by a command beside the server.
 */
import type { Clock } from '../../core/clock.ts'
import type { TokenNumbers } from '../../identity/native-token.ts'
import type { Store } from '../../store/database.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { readFact, writeFact } from '../../store/tables/facts.ts'
import type { StoreParts } from '../store-parts.ts'
import { quietly } from '../../trouble.ts'

/** The fact that holds the first number that no process has. */
const NEXT = 'next-token-number'
/** What a process takes at a time, so that few tokens wait for the disk. */
const RANGE = 16_384
/**
 * Numbers of a millisecond, at least: after a database was put back that is older than tokens that still count, those
 * to come are greater than the ones that it does not know of.
 */
const PER_MS = 1024
/** Until it is tried again to take a range. */
const PAUSE_MS = 1000
/** A clock that is absurdly far ahead must not use them all up. */
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
   * For a token; not within a transaction.
   * @returns undefined while the database cannot be written: tokens go on, and lose their ties with revocations
   */
  next(): number | undefined {
    if (this.#next === this.#end && this.#clock.elapsed() >= this.#restsUntil) this.#tryRange()
    return this.#next === this.#end ? undefined : this.#next++
  }

  /**
   * For a revocation: above the numbers of all tokens so far, whoever has issued them. Part of the caller's
   * transaction, after which `passed` has to be told of it.
   */
  mark(): number {
    const marked = this.#first()
    this.#keep(marked + 1)
    return marked
  }

  /** @param marked for a revocation, by whomever: tokens to come have greater numbers */
  passed(marked: number): void {
    if (this.#next <= marked) this.#next = this.#end
  }

  /** Another program may hold the database, and each try waits for it. */
  #tryRange(): void {
    this.#restsUntil = this.#clock.elapsed() + PAUSE_MS
    quietly(() => this.#takeRange())
    if (this.#next !== this.#end) this.#restsUntil = 0
  }

  /** Known here only once it is kept, or two processes might have it. */
  #takeRange(): void {
    const first = this.#ledger.write(() => {
      const next = this.#first()
      this.#keep(next + RANGE)
      return next
    })
    this.#next = first
    this.#end = first + RANGE
  }

  /** The first number that is nobody's. */
  #first(): number {
    const known = Number(readFact(this.#store, NEXT)?.toString() ?? 0)
    return Math.max(known, Math.min(this.#clock.now() * PER_MS, MAX_FROM_CLOCK))
  }

  #keep(next: number): void {
    this.#ledger.write(() => writeFact(this.#store, NEXT, Buffer.from(String(next))))
  }
}
