/** Proposes entries to the engine, and keeps their channels until it is known what became of them. */
import type { Engine } from '../../engine/engine.ts'
import { type Result, fail } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import type { Entry, Origin, OutcomeOf } from '../channel/entry.ts'
import type { Registry } from '../registry/registry.ts'
import type { Soon } from '../soon.ts'

export interface ProposalParts {
  readonly engine: Engine
  readonly registry: Pick<Registry, 'hold' | 'letGo'>
  readonly onBug: (error: unknown) => void
}

export class Proposals {
  readonly #parts: ProposalParts

  constructor(parts: ProposalParts) {
    this.#parts = parts
  }

  /** @returns what became of the entry; `engine_unreachable` where that is not known */
  propose<E extends Entry>(channel: Channel, entry: E, origin: Origin): Soon<Result<OutcomeOf<E>>> {
    const outcome = this.#parts.engine.propose(channel, entry, origin)
    return outcome instanceof Promise ? this.#hold(channel, outcome) : outcome
  }

  async #hold<T>(channel: Channel, outcome: Promise<Result<T>>): Promise<Result<T>> {
    const { onBug, registry } = this.#parts
    registry.hold(channel)
    try {
      return await outcome
    } catch (error) {
      onBug(error)
      return fail('internal')
    } finally {
      registry.letGo(channel)
    }
  }
}
