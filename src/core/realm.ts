/** One app's part of the core: its channels, those among them that are only remembered, and how long they are. */
import type { AppChannel } from './app-channel.ts'
import type { Giver, PoolShare } from './pool.ts'
import type { RetentionQueue } from './retention.ts'

export class Realm implements Giver {
  readonly id: string
  readonly channels = new Map<string, AppChannel>()
  /** What it counts towards. */
  readonly share: PoolShare
  readonly retention: RetentionQueue
  /** Nobody is on these; about in the order in which they were needed last. */
  readonly #idle = new Set<AppChannel>()
  readonly #remove: (channel: AppChannel) => void

  /** @param remove takes a channel of this realm away, with all that it remembers */
  constructor(
    id: string,
    share: PoolShare,
    retention: RetentionQueue,
    remove: (channel: AppChannel) => void,
  ) {
    this.id = id
    this.share = share
    this.retention = retention
    this.#remove = remove
  }

  get held(): number {
    return this.channels.size
  }

  get spare(): number {
    return this.#idle.size
  }

  add(channel: AppChannel): void {
    this.channels.set(channel.ref.name, channel)
    this.share.givers.add(this)
    this.settle(channel)
  }

  delete(channel: AppChannel): void {
    channel.isGone = true
    this.channels.delete(channel.ref.name)
    this.#idle.delete(channel)
    if (this.channels.size === 0) this.share.givers.delete(this)
  }

  /** To be told when somebody may have come to a channel or gone from it. */
  settle(channel: AppChannel): void {
    if (channel.isInUse || channel.isGone) this.#idle.delete(channel)
    else if (!this.#idle.has(channel)) this.#put(channel)
  }

  /** Forgets the channel that nobody has needed for the longest time. */
  giveWay(): boolean {
    for (const channel of this.#inOrder()) {
      this.#remove(channel)
      return true
    }
    return false
  }

  /** Forgets what is too much, as far as nobody is on it. */
  shrinkTo(count: number): void {
    while (this.held > count && this.giveWay());
  }

  /** Forgets channels that nobody has needed since a time: what they knew is too old by now. */
  sweep(before: number): void {
    for (const channel of this.#inOrder()) {
      if (channel.lastUse > before) return
      if (channel.recent.size === 0) this.#remove(channel)
    }
  }

  /**
   * The oldest first. Being published on moves no channel to the end, which would cost every publish something; it
   * is moved when it is come across.
   */
  *#inOrder(): Iterable<AppChannel> {
    for (const channel of this.#idle) {
      if (channel.isInUse) this.#idle.delete(channel)
      else if (channel.lastUse === channel.settledAt) yield channel
      else this.#put(channel)
    }
  }

  /** At the end of the order. */
  #put(channel: AppChannel): void {
    this.#idle.delete(channel)
    channel.settledAt = channel.lastUse
    this.#idle.add(channel)
  }
}
