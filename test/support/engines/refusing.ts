/** An engine that can be told to refuse what is proposed, whether it was applied or not, as one that is out of reach. */
import type { Entry, Origin, OutcomeOf } from '../../../src/core/channel/entry.ts'
import type { Soon } from '../../../src/core/soon.ts'
import type { ChannelRef } from '../../../src/core/types.ts'
import { type Result, fail } from '../../../src/failure.ts'
import { WrappingEngine } from './wrapping.ts'

export class RefusingEngine extends WrappingEngine {
  /** `unheard`: it is not applied. `unanswered`: it is applied, and nobody is told. */
  fault: 'none' | 'unheard' | 'unanswered' = 'none'
  /** Kinds of what was proposed, refused or not. */
  readonly proposed: Entry['kind'][] = []

  override propose<E extends Entry>(
    channel: ChannelRef,
    entry: E,
    origin: Origin,
  ): Soon<Result<OutcomeOf<E>>> {
    this.proposed.push(entry.kind)
    if (this.fault === 'unheard') return fail('engine_unreachable')
    const answer = super.propose(channel, entry, origin)
    return this.fault === 'none' ? answer : fail('engine_unreachable')
  }
}
