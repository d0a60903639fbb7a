/** The embedded engine: one process, whose single thread is the order of every channel. */
import type { ChannelRef, Event } from '../core/types.ts'
import type { Deliver, Engine } from './engine.ts'

/** Shared, because a publish on the hot path must not allocate a promise. */
const DONE = Promise.resolve()

export class LocalEngine implements Engine {
  #deliver: Deliver = () => {
    throw new Error('the engine was used before it was started')
  }

  start(deliver: Deliver): Promise<void> {
    this.#deliver = deliver
    return DONE
  }

  publish(channel: ChannelRef, event: Event, origin?: unknown): Promise<void> {
    this.#deliver(channel, event, origin)
    return DONE
  }

  stop(): Promise<void> {
    return DONE
  }
}
