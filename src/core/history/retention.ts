/**
 * How long memory lasts: a queue for each app, in the order of time, so that forgetting costs no search; and a bound
 * for all of them together, at which the share that has most forgets first.
 */
import { greatest } from '../../policy/shares.ts'
import { Queue } from './queue.ts'

/** What remembers things in the order in which it noted them. */
export interface Rememberer {
  /** Lets go of the oldest thing that it noted with the queue. */
  forgetOldest(): void
}

export interface RetentionLimits {
  readonly keepMs: number
  /** Of everything together, by the sizes that were noted. */
  readonly maxBytes: number
  readonly shareOf: (realm: string) => string
  /** What an app may have by itself; 0 for no limit of its own. */
  readonly maxBytesOf: (realm: string) => number
}

/** Who has most is found again after so great a part of the whole was forgotten: not for every message. */
const PARTS = 256

/** The memory of all apps together. */
export class RetentionBudget {
  readonly #limits: RetentionLimits
  readonly #queues = new Map<string, RetentionQueue>()
  #bytes = 0
  /** The queue that has to forget, and how much until it is looked for again. */
  #giver: RetentionQueue | undefined
  #untilNext = 0

  constructor(limits: RetentionLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What the share that has most has, in bytes. */
  get greatest(): number {
    return Math.max(0, ...this.#shares().values())
  }

  get keepMs(): number {
    return this.#limits.keepMs
  }

  /** That of an app; the same as long as the app is not forgotten. */
  queue(realm: string): RetentionQueue {
    const known = this.#queues.get(realm)
    if (known) return known
    const queue = new RetentionQueue(this, this.#limits.shareOf(realm))
    queue.maxBytes = this.#limits.maxBytesOf(realm)
    this.#queues.set(realm, queue)
    return queue
  }

  /** Lets go of what is too old. */
  expire(now: number): void {
    for (const queue of this.#queues.values()) queue.expire(now)
  }

  /** Applies a changed memory limit of an app: forgets what is too much. */
  limitsChanged(realm: string): void {
    const queue = this.#queues.get(realm)
    if (!queue) return
    queue.maxBytes = this.#limits.maxBytesOf(realm)
    this.grew(queue, 0)
  }

  /** An app is gone, and whoever remembered for it. */
  forget(realm: string): void {
    const queue = this.#queues.get(realm)
    if (!queue) return
    this.#queues.delete(realm)
    this.#bytes -= queue.bytes
    queue.close()
    if (this.#giver === queue) this.#giver = undefined
  }

  /** Counts what a queue noted and forgets the oldest of the greatest share while all of it is too much. */
  grew(queue: RetentionQueue, bytes: number): void {
    this.#bytes += bytes
    if (queue.maxBytes > 0) while (queue.bytes > queue.maxBytes) queue.forgetOldest()
    while (this.#bytes > this.#limits.maxBytes) this.#trim()
  }

  shrank(bytes: number): void {
    this.#bytes -= bytes
  }

  #trim(): void {
    if (!this.#giver || this.#giver.bytes === 0 || this.#untilNext <= 0) {
      this.#giver = this.#greatestQueue()
      this.#untilNext = this.#limits.maxBytes / PARTS
    }
    this.#untilNext -= this.#giver.forgetOldest()
  }

  /** Of the greatest share, whoever has most. Something is too much, so there is one. */
  #greatestQueue(): RetentionQueue {
    const shares = this.#shares()
    const [most] = greatest(shares, ([, bytes]) => bytes)!
    const own = this.#queues.values().filter(({ share }) => share === most)
    return greatest(own, ({ bytes }) => bytes)!
  }

  #shares(): Map<string, number> {
    const shares = new Map<string, number>()
    for (const { bytes, share } of this.#queues.values())
      if (bytes > 0) shares.set(share, (shares.get(share) ?? 0) + bytes)
    return shares
  }
}

/** The memory of one app. */
export class RetentionQueue {
  readonly share: string
  /** 0 for no limit of its own. */
  maxBytes = 0
  readonly #all: RetentionBudget
  /** Three lists, because an object for each note would outlive the event that it is of. */
  #owners = new Queue<Rememberer>()
  #sizes = new Queue<number>()
  #times = new Queue<number>()
  #bytes = 0
  #isClosed = false

  constructor(all: RetentionBudget, share: string) {
    this.#all = all
    this.share = share
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#owners.length
  }

  /** @param at the clock's elapsed time; what is noted later is forgotten later, whatever it says here */
  note(owner: Rememberer, bytes: number, at: number): void {
    if (this.#isClosed) return
    this.#owners.push(owner)
    this.#sizes.push(bytes)
    this.#times.push(at)
    this.#bytes += bytes
    this.expire(at)
    this.#all.grew(this, bytes)
  }

  /** Lets go of what is too old. */
  expire(now: number): void {
    const before = now - this.#all.keepMs
    for (;;) {
      const at = this.#times.at(0)
      if (at === undefined || at > before) return
      this.forgetOldest()
    }
  }

  /** @returns the bytes that it took */
  forgetOldest(): number {
    this.#times.shift()
    const bytes = this.#sizes.shift() ?? 0
    this.#bytes -= bytes
    this.#all.shrank(bytes)
    this.#owners.shift()?.forgetOldest()
    return bytes
  }

  /** Whoever is remembered by it is gone. */
  close(): void {
    this.#isClosed = true
    this.#owners = new Queue()
    this.#sizes = new Queue()
    this.#times = new Queue()
    this.#bytes = 0
  }
}
