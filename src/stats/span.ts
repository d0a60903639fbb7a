/** Which statistics are asked for (RSC6b). */
import { type Result, fail, ok } from '../failure.ts'
import { type Unit, UNITS, isUnit, parseDate, parseIntervalId, startOf } from './interval.ts'
import type { IntervalNumbers } from './record.ts'

/** Intervals of a unit, from the first to the last, both included; each is given by its start. */
export interface Span {
  readonly unit: Unit
  readonly first: number
  readonly last: number
}

export interface StatsQuestion {
  readonly span: Span
  readonly direction: 'backwards' | 'forwards'
  readonly limit: number
  /** Start of the interval after which to go on, in the direction; undefined for the first page. */
  readonly after?: number | undefined
}

export interface StatsPage {
  readonly items: readonly IntervalNumbers[]
  /** What `after` has to be for the next page; undefined when there is nothing more. */
  readonly next: number | undefined
}

/** As texts of a request; times are milliseconds since the epoch, or ids of intervals. */
export interface SpanWish {
  readonly unit?: string | undefined
  readonly start?: string | undefined
  readonly end?: string | undefined
}

/** Without an end, what has begun is meant; without a start, everything up to the end. */
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

/** Later than any date that can be told. */
const LATEST = 8_640_000_000_000_000

function readMoment(text: string): number | undefined {
  const interval = parseIntervalId(text)
  if (interval) return interval.start
  const time = /^\d{1,16}$/.test(text) ? Number(text) : parseDate(text)
  return time !== undefined && time < LATEST ? time : undefined
}
