/** Rates of messages on channels. */
import { expect, test } from 'bun:test'
import { Meter } from '../../../src/core/channel/meter.ts'

const START = 1_710_000_000_000

test('a steady flow shows its rate at any time', () => {
  const meter = new Meter()
  for (let ms = 0; ms < 20_000; ms += 100) meter.note(1, START + ms)
  for (const ms of [20_000, 20_100, 20_200]) {
    meter.note(1, START + ms)
    expect(Math.abs(meter.rate(START + ms) - 10)).toBeLessThan(0.5)
  }
  expect(meter.total).toBe(203)
})

test('a past rate fades and is zero after two windows', () => {
  const meter = new Meter()
  meter.note(50, START)
  const rates = [0, 2500, 5000, 7500, 9999, 10_000, 60_000].map((ms) => meter.rate(START + ms))
  expect(rates.slice(0, 4)).toEqual([10, 10, 10, 5])
  expect(rates[4]).toBeCloseTo(0, 1)
  expect(rates.slice(5)).toEqual([0, 0])
  expect(meter.total).toBe(50)
})

test('a clock that goes back does no harm', () => {
  const meter = new Meter()
  meter.note(5, START)
  meter.note(5, START - 60_000)
  expect(meter.rate(START - 60_000)).toBe(1)
  expect(meter.total).toBe(10)
})
