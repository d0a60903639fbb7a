/** Finds connections in a later turn, as one does that asks other nodes. */
import type { MakeFinder } from '../../../src/protocol/ably/connection/live-connections.ts'

export const lateFinder: MakeFinder = (here) => ({
  find: (key, appId) => later(() => here.find(key, appId)),
  claim: (key, appId) => later(() => here.claim(key, appId)),
})

async function later<T>(find: () => T | Promise<T>): Promise<T> {
  await new Promise(setImmediate)
  return find()
}

/** One that answers when it is told to. */
export class HeldFinder {
  /** How many answers are awaited. */
  waiting = 0
  #release = Promise.withResolvers<void>()

  readonly make: MakeFinder = (here) => ({
    find: (key, appId) => this.#held(() => here.find(key, appId)),
    claim: (key, appId) => this.#held(() => here.claim(key, appId)),
  })

  release(): void {
    this.#release.resolve()
    this.#release = Promise.withResolvers()
  }

  async #held<T>(find: () => T | Promise<T>): Promise<T> {
    const found = find()
    this.waiting++
    await this.#release.promise
    this.waiting--
    return found
  }
}
