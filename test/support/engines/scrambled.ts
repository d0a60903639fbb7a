/** An engine that makes useless, after each entry, what the embedded one uses again: nobody may keep it. */
import type { Entry, Origin, Outcome, OutcomeOf } from '../../../src/core/channel/entry.ts'
import type { Soon } from '../../../src/core/soon.ts'
import type { ChannelRef } from '../../../src/core/types.ts'
import type { At, Engine, Stage } from '../../../src/engine/engine.ts'
import type { Result } from '../../../src/failure.ts'

export class ScrambledEngine implements Engine {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  start(stage: Stage): Promise<void> {
    return this.#engine.start(new ScramblingStage(stage))
  }

  open(channel: ChannelRef): Soon<Result<undefined>> {
    return this.#engine.open(channel)
  }

  close(channel: ChannelRef): void {
    this.#engine.close(channel)
  }

  propose<E extends Entry>(
    channel: ChannelRef,
    entry: E,
    origin: Origin,
  ): Soon<Result<OutcomeOf<E>>> {
    return this.#engine.propose(channel, entry, origin)
  }

  stop(): Promise<void> {
    return this.#engine.stop()
  }
}

class ScramblingStage implements Stage {
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
  }

  apply(
    channel: ChannelRef,
    entry: Entry,
    at: At,
    origin: Origin | undefined,
  ): Result<Outcome> | undefined {
    const brief = new BriefAt(at)
    try {
      return this.#stage.apply(channel, entry, brief, origin)
    } finally {
      brief.end()
    }
  }
}

/** Good for as long as the entry is applied. */
class BriefAt implements At {
  #at: At | undefined

  constructor(at: At) {
    this.#at = at
  }

  get timestamp(): number {
    return this.#now.timestamp
  }

  get moment(): number {
    return this.#now.moment
  }

  place(): string {
    return this.#now.place()
  }

  end(): void {
    this.#at = undefined
  }

  get #now(): At {
    if (!this.#at) throw new Error('where an entry is applied has been kept for longer than that')
    return this.#at
  }
}
