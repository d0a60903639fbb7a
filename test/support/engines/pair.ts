/**
 * Two nodes with one order: what either proposes is applied on both, at the same positions and times, in a later turn.
 * Only plain data goes from one to the other, as over a wire.
 */
import type { Clock } from '../../../src/core/clock.ts'
import type { Entry, Origin, Outcome, OutcomeOf } from '../../../src/core/channel/entry.ts'
import type { PositionSource } from '../../../src/core/channel/position.ts'
import { type ChannelRef, channelRef } from '../../../src/core/types.ts'
import type { MakeEngine } from '../../../src/engine/embedded.ts'
import type { At, Engine, Stage } from '../../../src/engine/engine.ts'
import { type Result, fail, ok } from '../../../src/failure.ts'
import { Turns } from './turns.ts'

export class Pair {
  readonly nodes: PairedEngine[] = []
  readonly turns = new Turns()
  #order: { readonly clock: Clock; readonly positions: PositionSource } | undefined

  /** For each of the two servers. The positions of the first are those of both. */
  readonly make: MakeEngine = (clock, positions) => {
    this.#order ??= { clock, positions }
    const node = new PairedEngine(this, positions)
    this.nodes.push(node)
    return node
  }

  place(): string {
    const position = this.#order!.positions.next()
    for (const node of this.nodes) node.follow(position)
    return position
  }

  /** Applies an entry everywhere. @returns what became of it on the node that has proposed it */
  apply(
    proposer: PairedEngine,
    channel: ChannelRef,
    entry: Entry,
    origin: Origin,
  ): Result<Outcome> | undefined {
    const { clock, positions } = this.#order!
    const at = new SharedAt(this, positions.time.now(), clock.elapsed())
    const { realm, name } = channel
    let outcome: Result<Outcome> | undefined
    for (const node of this.nodes) {
      at.again()
      if (node === proposer) outcome = node.stage.apply(channel, entry, at, origin)
      else node.stage.apply(channelRef(realm, name), structuredClone(entry), at, undefined)
    }
    return outcome
  }
}

class PairedEngine implements Engine {
  stage!: Stage
  readonly #pair: Pair
  readonly #positions: PositionSource

  constructor(pair: Pair, positions: PositionSource) {
    this.#pair = pair
    this.#positions = positions
  }

  start(stage: Stage): Promise<void> {
    this.stage = stage
    return Promise.resolve()
  }

  /** The snapshot is taken and restored between two entries, so that none is missed and none comes twice. */
  open(channel: ChannelRef): Promise<Result<string>> {
    return this.#pair.turns.later(channel.key, () => {
      for (const node of this.#pair.nodes) {
        const snapshot = node === this ? undefined : node.stage.snapshot(channel)
        if (snapshot) this.stage.restore(structuredClone(snapshot))
      }
      return ok(this.#pair.place())
    })
  }

  close(): void {}

  propose<E extends Entry>(
    channel: ChannelRef,
    entry: E,
    origin: Origin,
  ): Promise<Result<OutcomeOf<E>>> {
    return this.#pair.turns.later(channel.key, () => {
      const outcome = this.#pair.apply(this, channel, entry, origin)
      // Each kind of entry has its own outcome; there is none where the channel is gone by now.
      return (outcome as Result<OutcomeOf<E>> | undefined) ?? fail('engine_unreachable')
    })
  }

  stop(): Promise<void> {
    return this.#pair.turns.idle()
  }

  follow(position: string): void {
    this.#positions.follow(position)
  }
}

/** The same on both nodes: the second gets the positions that the first was given. */
class SharedAt implements At {
  readonly timestamp: number
  readonly moment: number
  readonly #pair: Pair
  readonly #places: string[] = []
  #next = 0

  constructor(pair: Pair, timestamp: number, moment: number) {
    this.#pair = pair
    this.timestamp = timestamp
    this.moment = moment
  }

  place(): string {
    const place = this.#places[this.#next] ?? this.#pair.place()
    this.#places[this.#next++] = place
    return place
  }

  again(): void {
    this.#next = 0
  }
}
