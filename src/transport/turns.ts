/**
 * The turns of the event loop, as far as requests are concerned: how many of them there is time for in one, and who is
 * next where there is none. Otherwise two hundred that come together hold everybody up until the last is answered.
 *
 * What arrives in a turn is looked at request by request, with the kernel in between, which drives the code that
 * answers out of the processor's caches. So bodies are read afterwards, in a row: a publish takes half as long then.
 */
import { Queue } from '../core/history/queue.ts'

/** Of whom something waits: everybody of one address counts like one. */
export interface Waiting {
  readonly address: string
}

/** How long requests may keep a turn before others get theirs. */
const TURN_MS = 8
/** The clock is looked at so seldom that looking costs nothing beside the requests. */
const LOOK_EVERY = 4
/** Bodies are read so many in a row, as far as they are small; then the clock is looked at. */
const BATCH = { bodies: 32, bytes: 4096 } as const
/** As many of those that wait are let go on in a turn, if it has time. */
const MAX_RELEASED = 16

/** Bodies that are read in a row. */
interface Batch {
  readonly promise: Promise<void>
  readonly resolve: () => void
  bodies: number
  bytes: number
}

export class Turns {
  readonly #now: () => number
  /** By address, in the order of their turns. */
  readonly #waiting = new Map<string, Queue<() => void>>()
  /** With which the next turn begins; others are read after it. */
  #first: Batch | undefined
  /** To which bodies are added. */
  #last: Batch | undefined
  #arrived = 0
  #began = 0
  #isOver = false
  #isScheduled = false

  /** @param now milliseconds of a clock that never steps */
  constructor(now: () => number) {
    this.#now = now
  }

  /** How many addresses have something that waits. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Whether a request that has just come can be looked at now; it waits otherwise. */
  hasTime(): boolean {
    if (!this.#isScheduled) this.#schedule()
    else if (++this.#arrived >= LOOK_EVERY) this.#look()
    return !this.isCrowded
  }

  /** Whether this turn has no time left, or others come first. */
  get isCrowded(): boolean {
    return this.#isOver || this.#waiting.size > 0
  }

  /**
   * Settled once everything that has arrived by now has been looked at, in the order of asking. Whoever goes on then
   * asks first whether it is crowded.
   * @param bytes how long the body is; Infinity where nobody knows
   */
  afterArrivals(bytes: number): Promise<void> {
    const batch = this.#last
    if (!batch || batch.bodies === BATCH.bodies || batch.bytes + bytes > BATCH.bytes)
      return this.#newBatch(bytes)
    batch.bodies++
    batch.bytes += bytes
    return batch.promise
  }

  /** Settled in a turn that has time, when it is its turn. */
  wait({ address }: Waiting): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const queue = this.#waiting.get(address) ?? new Queue<() => void>()
    queue.push(resolve)
    this.#waiting.set(address, queue)
    if (!this.#isScheduled) this.#schedule()
    return promise
  }

  #newBatch(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const batch: Batch = { promise, resolve, bodies: 1, bytes }
    this.#last = batch
    if (!this.#isScheduled) this.#schedule()
    if (!this.#first) this.#first = batch
    else
      setImmediate(() => {
        this.#look()
        this.#read(batch)
      })
    return promise
  }

  #read(batch: Batch): void {
    if (this.#last === batch) this.#last = undefined
    batch.resolve()
  }

  #look(): void {
    this.#arrived = 0
    if (this.#now() - this.#began >= TURN_MS) this.#isOver = true
  }

  /** Begins a turn with what comes now, and has the next follow it. */
  #schedule(): void {
    this.#begin()
    this.#isScheduled = true
    setImmediate(this.#next)
  }

  #begin(): void {
    this.#began = this.#now()
    this.#arrived = 0
    this.#isOver = false
  }

  readonly #next = (): void => {
    this.#isScheduled = false
    this.#begin()
    const first = this.#first
    this.#first = undefined
    if (first) this.#read(first)
    if (this.#waiting.size === 0) return
    this.#isScheduled = true
    setImmediate(this.#next)
    // What a request does goes on until the end of an immediate: each has its own.
    for (let i = 0; i < MAX_RELEASED; i++) setImmediate(this.#release)
  }

  /** Lets one go on, if there is time for it. Whoever has more goes to the end. */
  readonly #release = (): void => {
    this.#look()
    if (this.#isOver) return
    for (const [address, queue] of this.#waiting) {
      this.#waiting.delete(address)
      const goOn = queue.shift()!
      if (queue.length > 0) this.#waiting.set(address, queue)
      return goOn()
    }
  }
}
