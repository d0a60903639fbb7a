/** An engine that does what it is asked for when it is told to. */
import type { Entry, Origin, OutcomeOf } from '../../../src/core/channel/entry.ts'
import type { ChannelRef } from '../../../src/core/types.ts'
import type { Result } from '../../../src/failure.ts'
import { WrappingEngine } from './wrapping.ts'

export class HeldEngine extends WrappingEngine {
  /** Whether it breaks instead. */
  isBroken = false
  /** How much is held. */
  waiting = 0
  #held = Promise.withResolvers<void>()

  release(): void {
    this.#held.resolve()
    this.#held = Promise.withResolvers()
  }

  override async open(channel: ChannelRef): Promise<Result<string>> {
    await this.#turn()
    return super.open(channel)
  }

  override async propose<E extends Entry>(
    channel: ChannelRef,
    entry: E,
    origin: Origin,
  ): Promise<Result<OutcomeOf<E>>> {
    await this.#turn()
    return super.propose(channel, entry, origin)
  }

  async #turn(): Promise<void> {
    this.waiting++
    await this.#held.promise
    this.waiting--
    if (this.isBroken) throw new Error('broken')
  }
}
