/**
 * Entries that must not be lost although the engine refuses them for a while, such as that somebody has left: they are
 * proposed again, with growing pauses, until they are taken or their channel is gone.
 */
import type { Result } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import type { Clock } from '../clock.ts'
import { type Entry, NO_SOCKET, type OutcomeOf } from '../channel/entry.ts'
import type { Soon } from '../soon.ts'
import { NEVER, type Timed, type TimerWheel } from '../time/timer-wheel.ts'
import type { Proposals } from './proposals.ts'

export interface UntilTakenParts {
  readonly proposals: Proposals
  readonly clock: Clock
  readonly wheel: TimerWheel
}

const FIRST_PAUSE_MS = 250
/** An engine that is there again soon hears of it, and one that is away for long is not kept busy. */
const MAX_PAUSE_MS = 10_000

export class UntilTaken {
  readonly #parts: UntilTakenParts

  constructor(parts: UntilTakenParts) {
    this.#parts = parts
  }

  /**
   * @param next what to propose, asked before each try; undefined once nothing is left to be said
   * @returns what became of it once it was taken; undefined where nothing was left, or the channel is gone
   */
  propose<E extends Entry>(
    channel: Channel,
    next: () => E | undefined,
  ): Soon<OutcomeOf<E> | undefined> {
    const entry = next()
    if (!entry) return undefined
    const answer = this.#parts.proposals.propose(channel, entry, NO_SOCKET)
    if (!(answer instanceof Promise) && answer.ok) return answer.value
    const insisting = new Insisting(this.#parts, channel, next)
    insisting.heard(answer)
    return insisting.taken
  }
}

class Insisting<E extends Entry> implements Timed {
  due = NEVER
  readonly taken: Promise<OutcomeOf<E> | undefined>
  readonly #parts: UntilTakenParts
  readonly #channel: Channel
  readonly #next: () => E | undefined
  readonly #settle: (outcome: OutcomeOf<E> | undefined) => void
  readonly #fail: (error: unknown) => void
  #pauseMs = FIRST_PAUSE_MS

  constructor(parts: UntilTakenParts, channel: Channel, next: () => E | undefined) {
    this.#parts = parts
    this.#channel = channel
    this.#next = next
    const { promise, reject, resolve } = Promise.withResolvers<OutcomeOf<E> | undefined>()
    this.taken = promise
    this.#settle = resolve
    this.#fail = reject
  }

  heard(answer: Soon<Result<OutcomeOf<E>>>): void {
    if (answer instanceof Promise) answer.then((known) => this.heard(known), this.#fail)
    else if (answer.ok) this.#settle(answer.value)
    // A fault of ours is logged, and would be the same again.
    else if (answer.failure.name === 'internal') this.#settle(undefined)
    else this.#pause()
  }

  wake(): void {
    const entry = this.#channel.isGone ? undefined : this.#next()
    if (entry) this.heard(this.#parts.proposals.propose(this.#channel, entry, NO_SOCKET))
    else this.#settle(undefined)
  }

  #pause(): void {
    const { clock, wheel } = this.#parts
    wheel.schedule(this, clock.elapsed() + this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS)
  }
}
