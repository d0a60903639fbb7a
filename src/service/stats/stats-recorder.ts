/** Writes what was counted for each app to the database about once a second, by minute, hour, day and month. */
import type { AppCount, AppCounters } from '../../core/counting/app-counters.ts'
import type { Clock } from '../../core/clock.ts'
import { SettledDate } from '../../core/time/settled-date.ts'
import { PAGES } from '../../core/types.ts'
import { UNITS, type Unit, startOf } from '../../stats/interval.ts'
import { type Numbers, combine, isSample } from '../../stats/numbers.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import type { StoreParts } from '../store-parts.ts'
import { StatsTable } from '../../store/tables/stats.ts'
import { drainCounts, drainLevels } from './drain-counters.ts'

const WRITE_EVERY_MS = 1000

const DAY_MS = 86_400_000
/** How long minutes and hours are kept; days and months are kept for good. */
const MINUTES_KEPT_MS = 30 * DAY_MS
const HOURS_KEPT_MS = 366 * DAY_MS

/** A row of an interval that may still change. */
interface OpenRecord {
  readonly appId: string
  readonly unit: Unit
  readonly start: number
  readonly numbers: Numbers
  /** Whether something was added to it in this minute. */
  isInUse: boolean
}

export class StatsRecorder {
  readonly #ledger: Ledger
  readonly #table: StatsTable
  readonly #counters: AppCounters
  readonly #clock: Clock
  readonly #date: SettledDate
  readonly #onBug: (error: unknown) => void
  /** By app, unit and start. */
  readonly #open = new Map<string, OpenRecord>()
  /** By app: numbers taken from the counters that are not in a record yet, because reading one failed. */
  readonly #taken = new Map<string, Numbers>()
  /** Records that differ from the database. */
  readonly #changed = new Set<OpenRecord>()
  /** Whether a change has to be written in this round. */
  #isDue = false
  #minute = 0
  /** How many samples were taken in this minute. */
  #looks = 0
  #timer: Timer | undefined

  /** @param onBug called when writing fails; nothing is lost, and the next round tries again */
  constructor(
    { store, ledger, clock }: StoreParts,
    counters: AppCounters,
    onBug: (error: unknown) => void,
  ) {
    this.#table = new StatsTable(store)
    this.#ledger = ledger
    this.#counters = counters
    this.#clock = clock
    this.#date = new SettledDate(clock)
    this.#onBug = onBug
  }

  start(): void {
    this.#timer = setInterval(() => this.write(), WRITE_EVERY_MS)
  }

  /** Writes what is left. */
  stop(): void {
    clearInterval(this.#timer)
    this.#isDue = true
    this.write()
  }

  write(): void {
    try {
      const minute = startOf('minute', this.#clock.now())
      if (minute !== this.#minute) this.#turn(minute)
      this.#looks++
      for (const [appId, count] of this.#counters)
        // Connections of dashboard pages are not counted for anybody.
        if (appId !== PAGES) this.#take(appId, count)
      if (this.#isDue) this.#flush()
    } catch (error) {
      this.#isDue = true
      this.#onBug(error)
    }
  }

  /** Closes the records of the previous minute. While that fails, nothing is taken from the counters. */
  #turn(minute: number): void {
    this.#flush()
    for (const [name, record] of this.#open) {
      if (!record.isInUse) this.#open.delete(name)
      record.isInUse = false
    }
    this.#minute = minute
    this.#looks = 0
    const date = this.#date.now()
    this.#ledger.writeLocal(() => {
      this.#table.prune('minute', date - MINUTES_KEPT_MS)
      this.#table.prune('hour', date - HOURS_KEPT_MS)
    })
  }

  #take(appId: string, count: AppCount): void {
    const more = this.#taken.get(appId) ?? {}
    const minute = this.#open.get(nameOf(appId, 'minute', this.#minute))?.numbers ?? {}
    drainCounts(more, count)
    drainLevels(more, count, minute, this.#looks)
    if (Object.keys(more).length === 0) return
    this.#taken.set(appId, more)
    const records = UNITS.map((unit) => this.#record(appId, unit))
    this.#taken.delete(appId)
    for (const record of records) this.#add(record, more)
  }

  #add(record: OpenRecord, more: Numbers): void {
    this.#changed.add(record)
    for (const name of Object.keys(more)) {
      const before = record.numbers[name]
      const after = combine(name, before, more[name]!)
      record.numbers[name] = after
      // Samples alone are no reason to write, or one idle connection would cause a write every second.
      if (after !== before && !isSample(name)) this.#isDue = true
    }
  }

  #record(appId: string, unit: Unit): OpenRecord {
    const start = startOf(unit, this.#minute)
    const name = nameOf(appId, unit, start)
    let record = this.#open.get(name)
    if (!record) {
      const numbers = this.#table.counted(appId, unit, start) ?? {}
      this.#open.set(name, (record = { appId, unit, start, numbers, isInUse: true }))
    }
    record.isInUse = true
    return record
  }

  #flush(): void {
    const gone = new Set<string>()
    if (this.#changed.size > 0) {
      this.#ledger.writeLocal(() => {
        for (const { appId, unit, start, numbers } of this.#changed) {
          const isKept = this.#table.put({ appId, unit, start, numbers, isFixture: false })
          if (!isKept) gone.add(appId)
        }
      })
    }
    this.#changed.clear()
    this.#isDue = false
    for (const appId of gone) this.#counters.forget(appId)
  }
}

function nameOf(appId: string, unit: Unit, start: number): string {
  return `${unit} ${start} ${appId}`
}
