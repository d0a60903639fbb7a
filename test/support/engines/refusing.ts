/** An engine that can be told to fail, as one that is out of reach: what it says then may be true or not. */
import type { Entry, Origin, OutcomeOf } from '../../../src/core/channel/entry.ts'
import type { Soon } from '../../../src/core/soon.ts'
import type { ChannelRef } from '../../../src/core/types.ts'
import { type Result, fail } from '../../../src/failure.ts'
import { WrappingEngine } from './wrapping.ts'

export class RefusingEngine extends WrappingEngine {
  /**
   * `unheard`: it is not applied. `unanswered`: it is applied, and nobody is told. `slow`: it is applied, and said to be
   * out of reach once nobody waits any more, as `giveUp` says.
   */
  fault: 'none' | 'unheard' | 'unanswered' | 'slow' = 'none'
  /** Kinds of what was proposed, refused or not. */
  readonly proposed: Entry['kind'][] = []
  #patience = Promise.withResolvers<void>()

  override open(channel: ChannelRef): Soon<Result<string>> {
    if (this.fault === 'unheard') return fail('engine_unreachable')
    if (this.fault === 'slow') return this.#later()
    return super.open(channel)
  }

  override propose<E extends Entry>(
    channel: ChannelRef,
    entry: E,
    origin: Origin,
  ): Soon<Result<OutcomeOf<E>>> {
    this.proposed.push(entry.kind)
    if (this.fault === 'unheard') return fail('engine_unreachable')
    const answer = super.propose(channel, entry, origin)
    if (this.fault === 'slow') return this.#later()
    return this.fault === 'none' ? answer : fail('engine_unreachable')
  }

  /** The twelve seconds are over, without anybody having to wait for them. */
  giveUp(): void {
    this.#patience.resolve()
    this.#patience = Promise.withResolvers()
  }

  async #later<T>(): Promise<Result<T>> {
    await this.#patience.promise
    return fail('engine_unreachable')
  }
}
