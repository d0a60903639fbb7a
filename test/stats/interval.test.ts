/** Intervals in UTC, and the ids that name them. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { UNITS, endOf, intervalId, parseIntervalId, startOf } from '../../src/stats/interval.ts'

const at = Date.UTC(2026, 10, 22, 13, 51, 37, 500)

test.each([
  ['minute', '2026-11-22:13:51', Date.UTC(2026, 10, 22, 13, 51), Date.UTC(2026, 10, 22, 13, 52)],
  ['hour', '2026-11-22:13', Date.UTC(2026, 10, 22, 13), Date.UTC(2026, 10, 22, 14)],
  ['day', '2026-11-22', Date.UTC(2026, 10, 22), Date.UTC(2026, 10, 23)],
  ['month', '2026-11', Date.UTC(2026, 10), Date.UTC(2026, 11)],
] as const)('the %s of a moment is %p', (unit, id, start, end) => {
  expect(startOf(unit, at)).toBe(start)
  expect(endOf(unit, start)).toBe(end)
  expect(intervalId(unit, start)).toBe(id)
  expect(parseIntervalId(id)).toEqual({ unit, start })
})

test('months have their own lengths', () => {
  const ends = [1, 2, 12].map((month) => endOf('month', Date.UTC(2024, month - 1)))
  expect(ends).toEqual([Date.UTC(2024, 1), Date.UTC(2024, 2), Date.UTC(2025, 0)])
})

test('seconds in an id are ignored', () => {
  expect(parseIntervalId('2026-11-22:13:51:59')).toEqual(parseIntervalId('2026-11-22:13:51'))
})

describe('no id is', () => {
  test.each([
    '',
    '2026',
    '2026-13',
    '2026-00',
    '2026-02-30',
    '2026-06-31:10',
    '2026-11-22:24',
    '2026-11-22:13:60',
    '2026-11-22T13:51',
    '2026-11-22:13:51:59:1',
    ' 2026-11',
    '1795355522580',
  ])('%p', (text) => {
    expect(parseIntervalId(text)).toBeUndefined()
  })
})

test('every moment lies in its interval, and the id gives the interval', () => {
  const moment = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) })
  fc.assert(
    fc.property(moment, fc.constantFrom(...UNITS), (time, unit) => {
      const start = startOf(unit, time)
      expect(start).toBeLessThanOrEqual(time)
      expect(endOf(unit, start)).toBeGreaterThan(time)
      expect(startOf(unit, start)).toBe(start)
      expect(startOf(unit, endOf(unit, start) - 1)).toBe(start)
      expect(parseIntervalId(intervalId(unit, start))).toEqual({ unit, start })
    }),
  )
})
