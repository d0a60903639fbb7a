/** An engine that answers in a later turn, as every engine does that asks others: in order for each channel. */
import type { Entry, Origin, OutcomeOf } from '../../../src/core/channel/entry.ts'
import type { ChannelRef } from '../../../src/core/types.ts'
import { type Result, fail } from '../../../src/failure.ts'
import { Turns } from './turns.ts'
import { WrappingEngine } from './wrapping.ts'

export class LateEngine extends WrappingEngine {
  readonly #turns = new Turns()

  override open(channel: ChannelRef): Promise<Result<string>> {
    return this.#turns.later(channel.key, () => super.open(channel))
  }

  override propose<E extends Entry>(
    channel: ChannelRef,
    entry: E,
    origin: Origin,
  ): Promise<Result<OutcomeOf<E>>> {
    return this.#turns.later(
      channel.key,
      async () =>
        // The channel may be gone by now, and nobody there to say what became of the entry.
        (await super.propose(channel, entry, origin)) ?? fail('engine_unreachable'),
    )
  }

  /** Whatever was proposed has been answered then. */
  override async stop(): Promise<void> {
    await this.#turns.idle()
    return super.stop()
  }
}
