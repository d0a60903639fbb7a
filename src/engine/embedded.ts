/** The embedded engine: one process, whose single thread is the order of every channel. */
import type { Clock } from '../core/clock.ts'
import type { Entry, Origin, OutcomeOf } from '../core/channel/entry.ts'
import type { PositionSource } from '../core/channel/position.ts'
import { COMMONS, type ChannelRef } from '../core/types.ts'
import { type Result, ok } from '../failure.ts'
import type { At, Engine, Stage } from './engine.ts'

/** Makes an engine that gives out these positions. */
export type MakeEngine = (clock: Clock, positions: PositionSource) => Engine

const DONE = Promise.resolve()
/** Channels of the commons remember nothing. */
const NOWHERE: Result<string> = Object.freeze(ok(''))

export class EmbeddedEngine implements Engine {
  readonly #clock: Clock
  readonly #positions: PositionSource
  /** One for all entries, because an object for each would be one more for every message. */
  readonly #at: EmbeddedAt
  #isApplying = false
  #stage: Stage | undefined

  constructor(clock: Clock, positions: PositionSource) {
    this.#clock = clock
    this.#positions = positions
    this.#at = new EmbeddedAt(clock, positions)
  }

  start(stage: Stage): Promise<void> {
    this.#stage = stage
    return DONE
  }

  open({ realm }: ChannelRef): Result<string> {
    return realm === COMMONS ? NOWHERE : ok(this.#positions.next())
  }

  close(): void {}

  propose<E extends Entry>(channel: ChannelRef, entry: E, origin: Origin): Result<OutcomeOf<E>> {
    // What one entry causes, such as news of it on another channel, is applied within it at a time of its own.
    const at = this.#isApplying ? new EmbeddedAt(this.#clock, this.#positions) : this.#at
    const wasApplying = this.#isApplying
    this.#isApplying = true
    try {
      at.begin()
      const outcome = this.#stage!.apply(channel, entry, at, origin)
      // A stage answers every entry that was proposed here, each kind with its own outcome.
      return outcome as Result<OutcomeOf<E>>
    } finally {
      this.#isApplying = wasApplying
    }
  }

  stop(): Promise<void> {
    return DONE
  }
}

class EmbeddedAt implements At {
  timestamp = 0
  readonly #clock: Clock
  readonly #positions: PositionSource
  /** Asked for where it is needed only: most entries have nothing that lasts. */
  #moment = 0
  #hasMoment = false

  constructor(clock: Clock, positions: PositionSource) {
    this.#clock = clock
    this.#positions = positions
  }

  get moment(): number {
    if (!this.#hasMoment) {
      this.#moment = this.#clock.elapsed()
      this.#hasMoment = true
    }
    return this.#moment
  }

  begin(): void {
    this.timestamp = this.#positions.time.now()
    this.#hasMoment = false
  }

  place(): string {
    return this.#positions.next(this.timestamp)
  }
}
