/**
 * Removes what has expired, what was forgotten, and the oldest when the disk budget is used up: a little at a
 * time, so that nobody waits for it.
 */
import type { Statement } from 'bun:sqlite'
import type { Clock } from '../../core/clock.ts'
import { type ChannelRef, channelRef } from '../../core/types.ts'
import type { ChannelIds } from './channel-ids.ts'
import { type HistoryFault, faultOf } from './fault.ts'
import { type HistoryFile, KIND, type Kind } from './history-file.ts'
import { Removal, type Removable } from './removal.ts'

export interface RetentionOptions {
  readonly hours: number
  /** MiB; 0 for no bound. */
  readonly diskMb: number
  readonly clock: Clock
  readonly keepsLast: (channel: ChannelRef) => boolean
  readonly onFault: (fault: HistoryFault) => void
}

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
const MIB = 1_048_576

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
  readonly #removal: Removal
  readonly #forgotten: Statement<{ id: number }, []>
  readonly #oldest: Statement<Candidate, [number]>
  readonly #lastSerial: Statement<{ serial: string }, [number]>
  readonly #channel: Statement<{ realm: string | null; name: string }, [number]>
  /** The id up to which every entry has been looked at: what is left there has been spared. */
  #seen = 0
  /** Answers of `keepsLast` in this step. */
  readonly #keeping = new Map<number, boolean>()
  #seenSince = 0
  #timer: Timer | undefined
  #isRunning = false

  constructor(file: HistoryFile, ids: ChannelIds, options: RetentionOptions) {
    this.#file = file
    this.#options = options
    this.#removal = new Removal(file, ids)
    this.#forgotten = file.prepare('SELECT id FROM channels WHERE realm IS NULL LIMIT 1')
    this.#oldest = file.prepare(
      `SELECT id, channel, kind, serial, moment - lag AS timestamp, has_parts AS hasParts FROM entries WHERE id > ? ORDER BY id LIMIT ${STEP_ENTRIES}`,
    )
    this.#lastSerial = file.prepare(
      `SELECT serial FROM entries WHERE channel = ? AND kind = ${KIND.message} ORDER BY serial DESC LIMIT 1`,
    )
    this.#channel = file.prepare('SELECT realm, name FROM channels WHERE id = ?')
  }

  start(): void {
    this.#isRunning = true
    this.#schedule(PAUSE_MS)
  }

  stop(): void {
    this.#isRunning = false
    clearTimeout(this.#timer)
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
      this.#options.onFault(faultOf(error))
    }
    if (this.#isRunning) this.#schedule(isMore ? PAUSE_MS : REST_MS)
  }

  /**
   * Removes a bounded number of rows.
   * @returns whether there is more to remove at once
   */
  step(): boolean {
    this.#revisit()
    this.#keeping.clear()
    const seen = this.#seen
    try {
      const isMore = this.#file.transact(() => this.#remove())
      return isMore || this.#shrink()
    } catch (error) {
      this.#seen = seen
      throw error
    }
  }

  #revisit(): void {
    const now = this.#options.clock.now()
    if (Math.abs(now - this.#seenSince) < REVISIT_MS) return
    this.#seenSince = now
    this.#seen = 0
  }

  #remove(): boolean {
    const removal = this.#removal
    removal.begin(STEP_ROWS)
    const forgotten = this.#forgotten.get()
    if (forgotten) removal.channel(forgotten.id)
    const isMore = removal.left > 0 && this.#removeOld()
    removal.end()
    return isMore || forgotten !== null || removal.left <= 0
  }

  /** @returns whether there may be more of them */
  #removeOld(): boolean {
    const candidates = this.#oldest.all(this.#seen)
    for (const candidate of candidates) {
      const verdict = this.#judge(candidate)
      if (verdict === 'stays') return false
      if (verdict === 'goes' && !this.#removal.entry(candidate)) return true
      this.#seen = candidate.id
    }
    if (candidates.length === STEP_ENTRIES) return true
    // Everything has been looked at: now those go that were spared.
    if (this.#isOverBudget()) this.#removeSpared()
    return false
  }

  #judge(candidate: Candidate): 'goes' | 'spared' | 'stays' {
    const { hours, clock } = this.#options
    const now = clock.now()
    const { timestamp } = candidate
    const isOld = timestamp < now - hours * HOUR_MS
    if (!isOld && !this.#isOverBudget()) {
      // One from the future, by a clock that was wrong, must not keep those behind it.
      return timestamp > now ? 'spared' : 'stays'
    }
    const isKept = timestamp >= now - Math.max(YEAR_MS, hours * HOUR_MS) && this.#isKept(candidate)
    return isKept ? 'spared' : 'goes'
  }

  /** Whether it is the last message of a channel whose last message is to be kept. */
  #isKept({ channel, kind, serial }: Candidate): boolean {
    if (kind !== KIND.message || !this.#keepsLast(channel)) return false
    return this.#lastSerial.get(channel)?.serial === serial
  }

  #keepsLast(channel: number): boolean {
    const known = this.#keeping.get(channel)
    if (known !== undefined) return known
    const { realm, name } = this.#channel.get(channel)!
    // A channel without a realm has been forgotten.
    const keeps = realm !== null && this.#options.keepsLast(channelRef(realm, name))
    this.#keeping.set(channel, keeps)
    return keeps
  }

  #removeSpared(): void {
    for (const candidate of this.#oldest.all(0)) {
      if (!this.#isOverBudget() || !this.#removal.entry(candidate)) return
    }
  }

  #isOverBudget(): boolean {
    const { diskMb } = this.#options
    return diskMb > 0 && this.#file.usedBytes() > diskMb * MIB
  }

  /** Gives space back to the disk when far more is free than the next hours are likely to need. */
  #shrink(): boolean {
    const free = this.#file.freePages()
    if (free <= Math.max(FREE_PAGES, this.#file.pages() / 4)) return false
    this.#file.sqlite.run(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`)
    return true
  }
}
