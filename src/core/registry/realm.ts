/** The channels of one app, or of the commons; and those among them that are only remembered, and how long they are. */
import type { Channel, Home } from '../channel/channel.ts'
import { IdleOrder } from './idle-order.ts'
import type { Giver, PoolShare } from './pool.ts'
import type { RetentionQueue } from '../history/retention.ts'

export class Realm implements Giver, Home {
  readonly id: string
  readonly channels = new Map<string, Channel>()
  /** What it counts towards. */
  readonly share: PoolShare
  readonly retention: RetentionQueue
  /** Nobody is on these. */
  readonly #idle = new IdleOrder<Channel>()
  readonly #remove: (channel: Channel) => void

  /** @param remove takes a channel of this realm away, with all that it remembers */
  constructor(
    id: string,
    share: PoolShare,
    retention: RetentionQueue,
    remove: (channel: Channel) => void,
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

  add(channel: Channel): void {
    this.channels.set(channel.ref.name, channel)
    this.share.givers.add(this)
    this.settle(channel)
  }

  delete(channel: Channel): void {
    this.channels.delete(channel.ref.name)
    this.#idle.delete(channel)
    if (this.channels.size === 0) this.share.givers.delete(this)
  }

  /** Puts a channel among those that may be forgotten if nobody is on it, and takes it out if somebody is. */
  settle(channel: Channel): void {
    if (channel.isInUse || channel.isGone) this.#idle.delete(channel)
    else this.#idle.add(channel)
  }

  /** Somebody has come to a channel, or gone: its two minutes begin anew. */
  use(channel: Channel, now: number): void {
    channel.lastUse = now
    this.settle(channel)
  }

  /** Starts a channel's two minutes anew, because it was published on or asked for. */
  touch(channel: Channel, now: number): void {
    channel.lastUse = now
    this.#idle.touch(channel)
  }

  /** Forgets the channel that nobody has needed for the longest time. */
  giveWay(): boolean {
    const oldest = this.#oldest()
    if (oldest) this.#remove(oldest)
    return oldest !== undefined
  }

  /** Forgets what is too much, as far as nobody is on it. */
  shrinkTo(count: number): void {
    while (this.held > count && this.giveWay());
  }

  /** Forgets channels that nobody has needed since a time: what they knew is too old by now. */
  sweep(before: number): void {
    for (let oldest = this.#oldest(); oldest; oldest = this.#oldest()) {
      if (oldest.lastUse > before || oldest.recent.size > 0) return
      this.#remove(oldest)
    }
  }

  #oldest(): Channel | undefined {
    let { first } = this.#idle
    // While channels are put back, somebody may be present on one that nobody has been told of yet.
    for (; first?.isInUse; first = this.#idle.first) this.#idle.delete(first)
    return first
  }
}
