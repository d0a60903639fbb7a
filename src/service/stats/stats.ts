/** Statistics of apps by interval, and made-up statistics (fixtures) for tests. */
import type { Clock } from '../../core/clock.ts'
import { COMMONS } from '../../core/types.ts'
import { type Result, ok } from '../../failure.ts'
import type { Fixture } from '../../stats/fixture.ts'
import { UNITS, type Unit, endOf, startOf } from '../../stats/interval.ts'
import { type Numbers, addTo, shown } from '../../stats/numbers.ts'
import { type IntervalNumbers, type StatsRecord, statsRecord } from '../../stats/record.ts'
import { type SpanWish, type StatsPage, type StatsQuestion, readSpan } from '../../stats/span.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { type StatsRange, StatsTable } from '../../store/tables/stats.ts'
import type { StoreParts } from '../store-parts.ts'

export type { IntervalNumbers } from '../../stats/record.ts'

/** Each larger unit is the sum of intervals of the smaller one, at most 60 of them. */
const STEPS = UNITS.slice(1).map((unit, place) => [UNITS[place]!, unit] as const)

/** A query: bounds are times in milliseconds, or ids of intervals. */
export interface StatsWish extends SpanWish, Pick<StatsQuestion, 'direction' | 'limit'> {}

/** The id under which the commons are counted, which are no app. */
export const COMMONS_STATS: string = COMMONS

export class StatsService {
  readonly #ledger: Ledger
  readonly #table: StatsTable
  readonly #clock: Clock

  constructor({ store, ledger, clock }: StoreParts) {
    this.#ledger = ledger
    this.#clock = clock
    this.#table = new StatsTable(store)
  }

  /**
   * A page of intervals in which something was counted; up to about a second old.
   * @param appIds apps whose numbers are added up
   */
  read(appIds: readonly string[], question: StatsQuestion): StatsPage {
    const { span, limit } = question
    const starts = this.#starts(appIds, question)
    const listed = starts.slice(0, limit)
    if (listed.length === 0) return { items: [], next: undefined }
    const range = { unit: span.unit, first: Math.min(...listed), last: Math.max(...listed) }
    const byStart = new Map<number, Numbers>(listed.map((start) => [start, {}]))
    for (const appId of appIds) {
      for (const { start, numbers } of this.#table.list(appId, range)) {
        addTo(byStart.get(start)!, numbers)
      }
    }
    return {
      items: [...byStart].map(([start, numbers]) => ({ unit: span.unit, start, numbers })),
      next: starts.length > limit ? listed.at(-1) : undefined,
    }
  }

  /**
   * The last intervals up to now, oldest first, with empty ones. Numbers of several apps are added up, so a peak is an
   * upper bound.
   */
  latest(appIds: readonly string[], unit: Unit, count: number): IntervalNumbers[] {
    const starts = [startOf(unit, this.#clock.now())]
    while (starts.length < count) starts.unshift(startOf(unit, starts[0]! - 1))
    const byStart = new Map<number, Numbers>(starts.map((start) => [start, {}]))
    const range = { unit, first: starts[0]!, last: starts.at(-1)! }
    for (const appId of appIds) {
      const own = new Map<number, Numbers>()
      for (const { start, numbers } of this.#table.list(appId, range)) {
        const known = own.get(start)
        if (known) addTo(known, numbers)
        else own.set(start, { ...numbers })
      }
      for (const [start, numbers] of own) sum(byStart.get(start), shown(numbers))
    }
    return [...byStart].map(([start, numbers]) => ({ unit, start, numbers }))
  }

  /** A page of statistics in the form that clients read. */
  records(appIds: readonly string[], wish: StatsWish): Result<StatsRecord[]> {
    const now = this.#clock.now()
    const span = readSpan(wish, now)
    if (!span.ok) return span
    const { direction, limit } = wish
    const { items } = this.read(appIds, { span: span.value, direction, limit })
    return ok(items.map((item) => statsRecord(item, now)))
  }

  /** Starts of intervals in order; one more than asked for, where there is one, tells of a next page. */
  #starts(appIds: readonly string[], question: StatsQuestion): number[] {
    const { direction, limit } = question
    const range = rangeOf(question)
    const newestFirst = direction === 'backwards'
    const found = appIds.flatMap((appId) =>
      this.#table.starts(appId, range, newestFirst, limit + 1),
    )
    const sign = newestFirst ? -1 : 1
    return [...new Set(found)].toSorted((a, b) => sign * (a - b)).slice(0, limit + 1)
  }

  /** Stores made-up minutes in place of earlier ones, and adds them up to hours, days and months. They are kept for good. */
  addFixtures(appId: string, fixtures: readonly Fixture[]): void {
    this.#ledger.write(() => {
      for (const { start, numbers } of fixtures) {
        this.#table.put({ appId, unit: 'minute', start, isFixture: true, numbers })
      }
      for (const [smaller, unit] of STEPS) {
        const starts = new Set(fixtures.map(({ start }) => startOf(unit, start)))
        for (const start of starts) {
          const range = { unit: smaller, first: start, last: endOf(unit, start) - 1 }
          const numbers = this.#madeUpIn(appId, range)
          this.#table.put({ appId, unit, start, isFixture: true, numbers })
        }
      }
    })
  }

  #madeUpIn(appId: string, range: StatsRange): Numbers {
    const total: Numbers = {}
    for (const { numbers } of this.#table.fixtures(appId, range)) addTo(total, numbers)
    return total
  }
}

function sum(total: Numbers | undefined, more: Numbers): void {
  if (!total) return
  for (const name of Object.keys(more)) total[name] = (total[name] ?? 0) + more[name]!
}

/** The span that is left after the previous page. */
function rangeOf({ span, direction, after }: StatsQuestion): StatsRange {
  if (after === undefined) return span
  return direction === 'backwards'
    ? { ...span, last: Math.min(span.last, after - 1) }
    : { ...span, first: Math.max(span.first, after + 1) }
}
