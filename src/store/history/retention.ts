/**
 * Removes what has expired, what was forgotten, and what is too much: a little at a time, so that nobody waits for it.
 */
import type { Statement } from 'bun:sqlite'
import type { Clock } from '../../core/clock.ts'
import { SettledDate } from '../../core/time/settled-date.ts'
import type { HistoryFault } from '../../core/history/history.ts'
import type { ChannelRef } from '../../core/types.ts'
import { isBusy } from '../../trouble.ts'
import type { ChannelIds } from './channel-ids.ts'
import { faultOf } from './fault.ts'
import type { HistoryFile, Kind } from './history-file.ts'
import { LastMessages } from './last-messages.ts'
import { ObjectRemoval } from './object-removal.ts'
import { Removal, type Removable } from './removal.ts'
import { Trimming, type TrimmingOptions } from './trimming.ts'
import type { Usage } from './usage.ts'

export interface RetentionOptions extends TrimmingOptions {
  readonly hours: number
  readonly clock: Clock
  readonly keepsLast: (channel: ChannelRef) => boolean
  readonly onFault: (fault: HistoryFault) => void
}

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS

/** Rows of one step, which is one transaction of a few milliseconds. */
const STEP_ROWS = 300
/** Entries that a step looks at; most of them it removes. */
const STEP_ENTRIES = 500
/** Between steps while there is more to do, and otherwise. */
const PAUSE_MS = 10
const REST_MS = 5000
/** How often what was spared is looked at again: it may no longer be the last of its channel. */
const REVISIT_MS = 600_000
/** Free pages are used again by what comes next; only an unusual number is given back, so many at a time. */
const FREE_PAGES = 4096
const VACUUM_PAGES = 256

interface Candidate extends Removable {
  readonly kind: Kind
  readonly serial: string
  readonly timestamp: number
}

export class Retention {
  readonly #file: HistoryFile
  readonly #options: RetentionOptions
  readonly #date: SettledDate
  readonly #usage: Usage
  readonly #removal: Removal
  readonly #lastMessages: LastMessages
  readonly #trimming: Trimming
  readonly #objects: ObjectRemoval
  readonly #forgotten: Statement<{ id: number }, []>
  readonly #oldest: Statement<Candidate, [number]>
  /** The id up to which every entry has been looked at: what is left there has been spared. */
  #seen = 0
  #seenSince = -Infinity
  #timer: Timer | undefined
  #isRunning = false

  constructor(file: HistoryFile, ids: ChannelIds, usage: Usage, options: RetentionOptions) {
    this.#file = file
    this.#options = options
    this.#date = new SettledDate(options.clock)
    this.#usage = usage
    this.#removal = new Removal(file, ids, usage)
    this.#objects = new ObjectRemoval(file)
    this.#lastMessages = new LastMessages(file, options.keepsLast)
    const parts = { file, usage, removal: this.#removal, lastMessages: this.#lastMessages }
    this.#trimming = new Trimming(parts, options)
    this.#forgotten = file.prepare('SELECT id FROM channels WHERE realm IS NULL LIMIT 1')
    this.#oldest = file.prepare(
      `SELECT id, channel, kind, serial, moment - lag AS timestamp, has_parts AS hasParts, length(body) AS bytes FROM entries WHERE id > ? ORDER BY id LIMIT ${STEP_ENTRIES}`,
    )
  }

  start(): void {
    this.#isRunning = true
    this.#schedule(PAUSE_MS)
  }

  stop(): void {
    this.#isRunning = false
    clearTimeout(this.#timer)
  }

  /** About what the share that has most takes up, in bytes. */
  greatestBytes(): number {
    return this.#trimming.greatestBytes()
  }

  /** There is something to do before the next look. */
  hurry(): void {
    if (this.#isRunning) this.#schedule(PAUSE_MS)
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#run(), afterMs)
  }

  #run(): void {
    let isMore = false
    try {
      isMore = this.step()
    } catch (error) {
      // Another program will let go of the file.
      if (!isBusy(error)) this.#options.onFault(faultOf(error))
    }
    if (this.#isRunning) this.#schedule(isMore ? PAUSE_MS : REST_MS)
  }

  /**
   * Removes a bounded number of rows.
   * @returns whether there is more to remove at once
   */
  step(): boolean {
    this.#revisit()
    this.#lastMessages.begin()
    this.#usage.begin()
    const seen = this.#seen
    try {
      const isMore = this.#file.transact(() => this.#remove())
      return isMore || this.#shrink()
    } catch (error) {
      this.#seen = seen
      this.#trimming.beginAnew()
      this.#usage.restore()
      throw error
    }
  }

  #revisit(): void {
    const now = this.#options.clock.elapsed()
    if (now - this.#seenSince < REVISIT_MS) return
    this.#seenSince = now
    this.#seen = 0
    this.#trimming.beginAnew()
  }

  #remove(): boolean {
    const removal = this.#removal
    removal.begin(STEP_ROWS)
    const isForgotten = this.#objects.step(STEP_ROWS)
    const forgotten = this.#forgotten.get()
    if (forgotten) removal.channel(forgotten.id)
    const isOlder = removal.left > 0 && this.#removeOld()
    const isTooMuch = removal.left > 0 && !isOlder && this.#trimming.step()
    removal.end()
    return isForgotten || isOlder || isTooMuch || forgotten !== null || removal.left <= 0
  }

  /** @returns whether there may be more of them */
  #removeOld(): boolean {
    const candidates = this.#oldest.all(this.#seen)
    const now = this.#date.now()
    for (const candidate of candidates) {
      const verdict = this.#judge(candidate, now)
      if (verdict === 'stays') return false
      if (verdict === 'goes' && !this.#removal.entry(candidate)) return true
      this.#seen = candidate.id
    }
    return candidates.length === STEP_ENTRIES
  }

  #judge(candidate: Candidate, now: number): 'goes' | 'spared' | 'stays' {
    const { hours } = this.#options
    const { timestamp } = candidate
    // One from the future, by a clock that was wrong, must not keep those behind it.
    if (timestamp >= now - hours * HOUR_MS) return timestamp > now ? 'spared' : 'stays'
    const isWithinYear = timestamp >= now - Math.max(YEAR_MS, hours * HOUR_MS)
    return isWithinYear && this.#lastMessages.isKept(candidate) ? 'spared' : 'goes'
  }

  /** Gives space back to the disk when far more is free than the next hours are likely to need. */
  #shrink(): boolean {
    const free = this.#file.freePages()
    if (free <= Math.max(FREE_PAGES, this.#file.pages() / 4)) return false
    this.#file.sqlite.run(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`)
    return true
  }
}
