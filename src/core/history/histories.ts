/** Where channels remember: on disk where their rule says so, otherwise in memory for two minutes. */
import type { Failure } from '../../failure.ts'
import type { ChannelRuleSettings } from '../../policy/channel-rule.ts'
import type { ChannelRef } from '../types.ts'
import type { History, HistoryEntry } from './history.ts'
import type { MemoryHistory } from './memory-history.ts'

/** The settings of the rule that a channel falls under. */
export type RuleOf = (channel: ChannelRef) => ChannelRuleSettings

export interface HistoryParts {
  /** What is gone after two minutes. */
  readonly memory: MemoryHistory
  /** What stays for as long as the operator says. */
  readonly log: History
  readonly ruleOf: RuleOf
}

export class Histories {
  readonly #parts: HistoryParts

  constructor(parts: HistoryParts) {
    this.#parts = parts
  }

  of(ref: ChannelRef): History {
    return this.isDurable(ref) ? this.#parts.log : this.#parts.memory
  }

  isDurable(ref: ChannelRef): boolean {
    const rule = this.#parts.ruleOf(ref)
    // A message that can still be changed has to be there to be changed.
    return rule.persisted || rule.persistLast || rule.mutableMessages
  }

  /** Why what is published on a channel would not be kept, before anybody is told of it. */
  refusal(ref: ChannelRef): Failure | undefined {
    return this.isDurable(ref) ? this.#parts.log.refusal?.() : undefined
  }

  /** @returns settled once it is kept on disk */
  keep(ref: ChannelRef, records: readonly HistoryEntry[]): Promise<void> {
    return this.#parts.log.append(ref, records)
  }

  /** @param elapsed when it came, by the clock's elapsed time */
  remember(ref: ChannelRef, records: readonly HistoryEntry[], elapsed: number): void {
    void this.#parts.memory.append(ref, records, elapsed)
  }

  /** Forgets an app: it was deleted. */
  forget(realm: string): void {
    this.#parts.memory.forget(realm)
    this.#parts.log.forget(realm)
  }
}
