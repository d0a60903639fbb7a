/** An engine that hands everything on to another one, for those that change a part of that. */
import type { Entry, Origin, OutcomeOf } from '../../../src/core/channel/entry.ts'
import type { Soon } from '../../../src/core/soon.ts'
import type { ChannelRef } from '../../../src/core/types.ts'
import type { Engine, Stage } from '../../../src/engine/engine.ts'
import type { Result } from '../../../src/failure.ts'

export class WrappingEngine implements Engine {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  start(stage: Stage): Promise<void> {
    return this.#engine.start(stage)
  }

  open(channel: ChannelRef): Soon<Result<string>> {
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
