/** The intervals that a query of statistics asks for (RSC6b). */
import { type Result, fail, ok } from '../failure.ts'
import { type Unit, UNITS, isUnit, parseDate, parseIntervalId, startOf } from './interval.ts'
import type { IntervalNumbers } from './record.ts'

/** A range of intervals of one unit, both ends included, each given by its start. */
export interface Span {
  readonly unit: Unit
  readonly first: number
  readonly last: number
}

export interface StatsQuestion {
  readonly span: Span
  readonly direction: 'backwards' | 'forwards'
  readonly limit: number
  /** Start of the interval after which the page begins, in the direction; undefined for the first page. */
  readonly after?: number | undefined
}

export interface StatsPage {
  readonly items: readonly IntervalNumbers[]
  /** `after` of the next page; undefined on the last one. */
  readonly next: number | undefined
}

/** The parameters of a request. Times are milliseconds since the epoch, or ids of intervals. */
export interface SpanWish {
  readonly unit?: string | undefined
  readonly start?: string | undefined
  readonly end?: string | undefined
}

/** Without an end the range ends now, and without a start it begins with the first interval. */
export function readSpan({ unit = 'minute', start, end }: SpanWish, now: number): Result<Span> {
  if (!isUnit(unit))
    return fail('parameter_invalid', `invalid unit: it is one of ${UNITS.join(', ')}`)
  const from = start === undefined ? 0 : readMoment(start)
  const to = end === undefined ? now : readMoment(end)
  if (from === undefined) return fail('parameter_invalid', `invalid start: ${MOMENT}`)
  if (to === undefined) return fail('parameter_invalid', `invalid end: ${MOMENT}`)
  if (from > to) return fail('parameter_invalid', 'invalid start: it is after the end')
  return ok({ unit, first: startOf(unit, from), last: startOf(unit, to) })
}

const MOMENT = 'it is a time in milliseconds or of ISO 8601, or an interval such as 2026-11-22:13'

/** Later than any date that can be written. */
const LATEST = 8_640_000_000_000_000

function readMoment(text: string): number | undefined {
  const interval = parseIntervalId(text)
  if (interval) return interval.start
  const time = /^\d{1,16}$/.test(text) ? Number(text) : parseDate(text)
  return time !== undefined && time < LATEST ? time : undefined
}
