/** Counts who is on a channel, and as what, while they come and go. */
import { MODE, type Modes, has } from '../modes.ts'
import type { Occupancy } from '../types.ts'

export class OccupancyCount {
  #connections = 0
  #publishers = 0
  #subscribers = 0
  #presenceConnections = 0
  #presenceSubscribers = 0
  #objectPublishers = 0
  #objectSubscribers = 0

  add(modes: Modes): void {
    this.#change(modes, 1)
  }

  remove(modes: Modes): void {
    this.#change(modes, -1)
  }

  /** @param presenceMembers how many are in the presence set */
  metrics(presenceMembers: number): Occupancy {
    return {
      connections: this.#connections,
      publishers: this.#publishers,
      subscribers: this.#subscribers,
      presenceConnections: this.#presenceConnections,
      presenceMembers,
      presenceSubscribers: this.#presenceSubscribers,
      objectPublishers: this.#objectPublishers,
      objectSubscribers: this.#objectSubscribers,
    }
  }

  #change(modes: Modes, by: 1 | -1): void {
    this.#connections += by
    if (has(modes, MODE.publish)) this.#publishers += by
    if (has(modes, MODE.subscribe)) this.#subscribers += by
    if (has(modes, MODE.presence)) this.#presenceConnections += by
    if (has(modes, MODE.presenceSubscribe)) this.#presenceSubscribers += by
    if (has(modes, MODE.objectPublish)) this.#objectPublishers += by
    if (has(modes, MODE.objectSubscribe)) this.#objectSubscribers += by
  }
}

/** Of a channel that there is not. */
export const NOBODY: Occupancy = Object.freeze(new OccupancyCount().metrics(0))
