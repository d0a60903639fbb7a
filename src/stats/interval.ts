/** Minutes, hours, days and months in UTC, for which numbers are kept, and their ids (TS12a, TS12c). */

export const UNITS = ['minute', 'hour', 'day', 'month'] as const
export type Unit = (typeof UNITS)[number]

export function isUnit(text: string): text is Unit {
  return (UNITS as readonly string[]).includes(text)
}

const LENGTHS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** Start of the interval that contains a moment. All times are milliseconds since the epoch. */
export function startOf(unit: Unit, time: number): number {
  if (unit !== 'month') return time - modulo(time, LENGTHS[unit])
  const date = new Date(time)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
}

/** End of the interval that starts at a moment, which is the start of the next one. */
export function endOf(unit: Unit, start: number): number {
  if (unit !== 'month') return start + LENGTHS[unit]
  const date = new Date(start)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}

/** The id of an interval: `2026-11-22:13:51`, as far as the unit needs. */
const ID_LENGTHS: Readonly<Record<Unit, number>> = { minute: 16, hour: 13, day: 10, month: 7 }

export function intervalId(unit: Unit, start: number): string {
  return new Date(start).toISOString().replace('T', ':').slice(0, ID_LENGTHS[unit])
}

const ID = /^(\d{4})-(\d\d)(?:-(\d\d)(?::(\d\d)(?::(\d\d)(?::\d\d)?)?)?)?$/

export interface Interval {
  readonly unit: Unit
  readonly start: number
}

/** The interval that an id names, with or without seconds; undefined for a text that is no id or no date. */
export function parseIntervalId(text: string): Interval | undefined {
  const [, ...found] = ID.exec(text) ?? []
  const [year, month, ...rest] = found.map((part) => part && Number(part))
  if (!year || !month) return undefined
  const [day, hour, minute] = rest as (number | undefined)[]
  const start = Date.UTC(year, month - 1, day ?? 1, hour ?? 0, minute ?? 0)
  const unit = minute !== undefined ? 'minute' : hour !== undefined ? 'hour' : undefined
  const interval = { unit: unit ?? (day === undefined ? 'month' : 'day'), start } as const
  // An impossible date, such as the 31st of June, would become another day.
  return text.startsWith(intervalId(interval.unit, start)) ? interval : undefined
}

const DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[ +-]\d\d:?\d\d)?)?$/i

/**
 * The moment that a date of ISO 8601 names, in UTC if it does not say; undefined for any other text. A `+` that
 * became a space on its way in a query is still one.
 */
export function parseDate(text: string): number | undefined {
  if (!DATE.test(text)) return undefined
  const isLocal = text.includes('T') && !/(?:Z|[ +-]\d\d:?\d\d)$/i.test(text.slice(11))
  const time = Date.parse(text.replace(' ', '+') + (isLocal ? 'Z' : ''))
  return Number.isNaN(time) ? undefined : time
}

function modulo(time: number, length: number): number {
  return ((time % length) + length) % length
}
