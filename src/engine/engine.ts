/**
 * The seam to whatever gives channels order, memory and reach. An engine knows no socket and no protocol; it gives
 * each entry a place in its channel's order, and has every node that has the channel apply it there.
 *
 * To add an engine, implement `Engine` in a file beside `embedded.ts`, have `test/suite/engine.ts` run its table of cases
 * over it, and let `src/assembly/channels.ts` choose it by a setting.
 */
import type { Entry, Outcome, OutcomeOf, Origin } from '../core/channel/entry.ts'
import type { ChannelSnapshot } from '../core/channel/channel-snapshot.ts'
import type { Soon } from '../core/soon.ts'
import type { ChannelRef } from '../core/types.ts'
import type { Result } from '../failure.ts'

/** Where and when an entry is applied: the same on every node. An engine may reuse it after the turn. */
export interface At {
  /** Milliseconds since the epoch; never before what was applied earlier. */
  readonly timestamp: number
  /** Milliseconds of a time that no clock's step changes: for what an applied entry lasts by. */
  readonly moment: number
  /** The next position of the channel; an entry may need several, or none. */
  place(): string
}

/** The core's side: the only way in which a channel changes. */
export interface Stage {
  /**
   * Applies an entry: remembers what becomes of it, and gives it out to the readers of this node. The outcome depends
   * on nothing but the channel's state, the entry and `at`.
   * @param origin what proposed it; undefined on the nodes where something else did
   * @returns undefined where this node has no such channel and nothing that waits for an outcome
   */
  apply(
    channel: ChannelRef,
    entry: Entry,
    at: At,
    origin: Origin | undefined,
  ): Result<Outcome> | undefined
  /** The state of a channel that is open here, for a node that opens it; undefined where it is not. */
  snapshot(channel: ChannelRef): ChannelSnapshot | undefined
  /** Opens a channel in the state that another node has given, unless it is open here or there is no room. */
  restore(snapshot: ChannelSnapshot): void
}

export interface Engine {
  start(stage: Stage): Promise<void>
  /**
   * Makes this node hear of a channel, before it is opened here; where another node has it, its state is restored.
   * @returns the position at which its memory begins, where no node has it; or why it cannot be opened now
   */
  open(channel: ChannelRef): Soon<Result<string>>
  /** This node has let go of a channel: nothing of it needs to be applied here any more. */
  close(channel: ChannelRef): void
  /**
   * Puts an entry in its channel's order and has it applied. What is proposed for one channel is applied in the order
   * of the calls.
   * @param channel that is open here; the open channel itself stands for its name, so that nothing is looked up
   * @returns what became of it, once that is decided; `engine_unreachable` where that is not known within 12 seconds: it
   * may have been applied, or be applied yet
   */
  propose<E extends Entry>(
    channel: ChannelRef,
    entry: E,
    origin: Origin,
  ): Soon<Result<OutcomeOf<E>>>
  stop(): Promise<void>
}
