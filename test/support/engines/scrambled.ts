/** An engine that makes useless, after each entry, what the embedded one uses again: nobody may keep it. */
import type { Entry, Origin, Outcome } from '../../../src/core/channel/entry.ts'
import type { ChannelSnapshot } from '../../../src/core/channel/channel-snapshot.ts'
import type { ChannelRef } from '../../../src/core/types.ts'
import type { At, Stage } from '../../../src/engine/engine.ts'
import type { Result } from '../../../src/failure.ts'
import { WrappingEngine } from './wrapping.ts'

export class ScrambledEngine extends WrappingEngine {
  override start(stage: Stage): Promise<void> {
    return super.start(new ScramblingStage(stage))
  }
}

class ScramblingStage implements Stage {
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
  }

  snapshot(channel: ChannelRef): ChannelSnapshot | undefined {
    return this.#stage.snapshot(channel)
  }

  restore(snapshot: ChannelSnapshot): void {
    this.#stage.restore(snapshot)
  }

  apply(
    channel: ChannelRef,
    entry: Entry,
    at: At,
    origin: Origin | undefined,
  ): Result<Outcome> | undefined {
    const brief = new BriefAt(at)
    try {
      return this.#stage.apply(channel, entry, brief, origin)
    } finally {
      brief.end()
    }
  }
}

/** Good for as long as the entry is applied. */
class BriefAt implements At {
  #at: At | undefined

  constructor(at: At) {
    this.#at = at
  }

  get timestamp(): number {
    return this.#now.timestamp
  }

  get moment(): number {
    return this.#now.moment
  }

  place(): string {
    return this.#now.place()
  }

  end(): void {
    this.#at = undefined
  }

  get #now(): At {
    if (!this.#at) throw new Error('where an entry is applied has been kept for longer than that')
    return this.#at
  }
}
