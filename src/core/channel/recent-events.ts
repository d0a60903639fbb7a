/** The recent events of one channel, from which a client that was away for a moment goes on. */
import { Queue, firstWhere } from '../history/queue.ts'
import type { Rememberer } from '../history/retention.ts'
import type { PlacedEvent, Publication } from '../types.ts'

export class RecentEvents implements Rememberer {
  readonly #maxEvents: number
  #events = new Queue<PlacedEvent>()
  /** By message: the last append to it, which says what the whole has become, and the last summary of it. */
  readonly #latest = new Map<string, PlacedEvent>()
  /** Forgotten for there being too many; the queue's word for them is still to come. */
  #forgottenEarly = 0
  /** Everything after this position is here. */
  #floor: string
  #head: string

  /** @param position where the channel begins */
  constructor(position: string, maxEvents: number) {
    this.#floor = position
    this.#head = position
    this.#maxEvents = maxEvents
  }

  /** The position of the newest event, or where the channel begins. */
  get head(): string {
    return this.#head
  }

  /** The oldest position from which somebody can go on. */
  get floor(): string {
    return this.#floor
  }

  get size(): number {
    return this.#events.length
  }

  /** In order of their positions. */
  all(): readonly PlacedEvent[] {
    return this.#events.slice()
  }

  add(event: PlacedEvent): void {
    this.#events.push(event)
    this.#noteLatest(event)
    this.#head = event.position
    if (this.size <= this.#maxEvents) return
    this.#forgottenEarly++
    this.#drop()
  }

  /** Moves on to a position at which nothing is kept: an ephemeral message was there. */
  skipTo(position: string): void {
    this.#head = position
  }

  forgetOldest(): void {
    if (this.#forgottenEarly > 0) this.#forgottenEarly--
    else this.#drop()
  }

  /** Lets go of everything at once; nobody can go on from what was before. */
  clear(): void {
    this.#forgottenEarly += this.size
    this.#events = new Queue()
    this.#latest.clear()
    this.#floor = this.#head
  }

  /**
   * What came after a position.
   * @returns undefined if that cannot be told any more, or the position is none of this channel's
   */
  after(position: string): readonly PlacedEvent[] | undefined {
    if (position < this.#floor || position > this.#head) return undefined
    return this.#events.slice(firstWhere(this.#events, (event) => event.position > position))
  }

  /** What stands at a position or after it, as far as it is remembered; it need not be one of this channel's. */
  from(position: string): readonly PlacedEvent[] {
    return this.#events.slice(firstWhere(this.#events, (event) => event.position >= position))
  }

  /**
   * The first few of the same.
   * @param count how many at most
   */
  page(position: string, count: number): readonly PlacedEvent[] | undefined {
    if (position < this.#floor || position > this.#head) return undefined
    const from = firstWhere(this.#events, (event) => event.position > position)
    return this.#events.slice(from, from + count)
  }

  /**
   * Whether a later event says all that this one does: appends and summaries of one message do.
   * @param event one that was here, and may have been forgotten since
   */
  isOutdone(event: PlacedEvent): boolean {
    const key = repeatableKey(event)
    if (key === undefined) return false
    const latest = this.#latest.get(key)
    // What was shortened has been outdone, also where nobody knows by what any more.
    return latest === undefined ? isShortened(event) : latest !== event
  }

  #drop(): void {
    const oldest = this.#events.shift()
    if (!oldest) return
    this.#floor = oldest.position
    // To look at an old message takes longer than all else here: nothing has touched it since it was new.
    if (this.#latest.size === 0) return
    const key = repeatableKey(oldest)
    if (key !== undefined && this.#latest.get(key) === oldest) this.#latest.delete(key)
  }

  #noteLatest(event: PlacedEvent): void {
    const key = repeatableKey(event)
    if (key === undefined) return
    const before = this.#latest.get(key)
    this.#latest.set(key, event)
    if (before?.kind === 'publication' && before.whole) this.#shorten(before)
  }

  /** A text that grows letter by letter would otherwise be here as often as it has letters. */
  #shorten(before: Publication): void {
    const at = firstWhere(this.#events, ({ position }) => position >= before.position)
    if (this.#events.at(at) !== before) return
    const { whole: _, ...part } = before
    this.#events.set(at, part)
  }
}

function isShortened(event: PlacedEvent): boolean {
  return event.kind === 'publication' && event.messages[0]?.action === 'append' && !event.whole
}

/** What names those events of which the last is as good as all; undefined for all others. */
export function repeatableKey(event: PlacedEvent): string | undefined {
  if (event.kind !== 'publication' || event.messages.length !== 1) return undefined
  const { action, serial } = event.messages[0]!
  return action === 'append' || action === 'summary' ? `${action} ${serial}` : undefined
}
