/** Positions grow whatever the clock does. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  PositionSource,
  isPosition,
  positionOf,
  serialAt,
} from '../../../src/core/channel/position.ts'
import { clockAt } from '../../support/clocks.ts'

test('each position is greater than all before, for any clock', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 200 }), (times) => {
      let now = 0
      const source = new PositionSource(
        clockAt(() => now),
        'abc',
        undefined,
      )
      const given = times.map((time) => {
        now = time
        return source.next()
      })
      expect(given.toSorted()).toEqual(given)
      expect(new Set(given).size).toBe(given.length)
    }),
  )
})

test('more than a thousand positions in one millisecond still grow', () => {
  const source = new PositionSource(
    clockAt(() => 5),
    'abc',
    undefined,
  )
  const given = Array.from({ length: 2500 }, () => source.next())
  expect(given.toSorted()).toEqual(given)
  expect(new Set(given).size).toBe(2500)
  expect(given.every(isPosition)).toBe(true)
})

test('continues after the greatest of an earlier run, though the clock went back', () => {
  const earlier = new PositionSource(
    clockAt(() => 9_000),
    'zzz',
    undefined,
  )
  earlier.next()
  const last = earlier.next()
  const source = new PositionSource(
    clockAt(() => 1_000),
    'aaa',
    last,
  )
  expect(source.next() > last).toBe(true)
  source.follow('00000000000001-000@aaa')
  expect(source.next() > last).toBe(true)
})

test('serials sort after their position and before the next one', () => {
  const source = new PositionSource(
    clockAt(() => 5),
    'abc',
    undefined,
  )
  const [first, second] = [source.next(), source.next()] as const
  const serials = [serialAt(first, 0), serialAt(first, 1), serialAt(first, 10)]
  expect([first, ...serials, second].toSorted()).toEqual([first, ...serials, second])
  expect(serials.map(positionOf)).toEqual([first, first, first])
  expect(isPosition('made:up')).toBe(false)
})
