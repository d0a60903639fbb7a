/** An engine that answers in a later turn, as every engine does that asks others: in order for each channel. */
import type { Entry, Origin, OutcomeOf } from '../../../src/core/channel/entry.ts'
import type { ChannelRef } from '../../../src/core/types.ts'
import type { Engine, Stage } from '../../../src/engine/engine.ts'
import { type Result, fail } from '../../../src/failure.ts'

type Step = () => void

export class LateEngine implements Engine {
  readonly #engine: Engine
  /** By channel: what is still to be done, in the order in which it was asked for. */
  readonly #steps = new Map<string, Step[]>()
  readonly #idle = new Set<() => void>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  start(stage: Stage): Promise<void> {
    return this.#engine.start(stage)
  }

  open(channel: ChannelRef): Promise<Result<undefined>> {
    return this.#later(channel, () => this.#engine.open(channel))
  }

  close(channel: ChannelRef): void {
    this.#engine.close(channel)
  }

  propose<E extends Entry>(
    channel: ChannelRef,
    entry: E,
    origin: Origin,
  ): Promise<Result<OutcomeOf<E>>> {
    return this.#later(
      channel,
      async () =>
        // The channel may be gone by now, and nobody there to say what became of the entry.
        (await this.#engine.propose(channel, entry, origin)) ?? fail('engine_unreachable'),
    )
  }

  /** Whatever was proposed has been answered then. */
  async stop(): Promise<void> {
    while (this.#steps.size > 0) await new Promise<void>((done) => this.#idle.add(done))
    return this.#engine.stop()
  }

  #later<T>(channel: ChannelRef, act: () => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const step = () => {
      try {
        resolve(act())
      } catch (error) {
        reject(error)
      }
    }
    const waiting = this.#steps.get(channel.key)
    if (waiting) waiting.push(step)
    else {
      this.#steps.set(channel.key, [step])
      setImmediate(() => this.#next(channel.key))
    }
    return promise
  }

  /** One for each turn, so that others come in between. */
  #next(key: string): void {
    const steps = this.#steps.get(key)!
    steps.shift()!()
    if (steps.length > 0) return void setImmediate(() => this.#next(key))
    this.#steps.delete(key)
    if (this.#steps.size > 0) return
    for (const done of this.#idle) done()
    this.#idle.clear()
  }
}
