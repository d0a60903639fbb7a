/** The time of channels and the date by which things are deleted, on a clock that is set. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ChannelTime } from '../../../src/core/time/channel-time.ts'
import { PositionSource } from '../../../src/core/channel/position.ts'
import { SettledDate } from '../../../src/core/time/settled-date.ts'
import { ManualClock } from '../../support/clocks.ts'

const HOUR = 3_600_000

const acts = fc.array(
  fc.oneof(
    fc.record({ pass: fc.integer({ min: 0, max: 100_000 }) }),
    fc.record({ set: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }) }),
  ),
  { maxLength: 100 },
)

function act(clock: ManualClock, step: { readonly pass: number } | { readonly set: number }): void {
  if ('pass' in step) clock.advance(step.pass)
  else clock.set(step.set)
}

test('never goes back, is never before the date, and orders like positions', () => {
  fc.assert(
    fc.property(acts, (steps) => {
      const clock = new ManualClock()
      const source = new PositionSource(clock, 'site', undefined)
      let last = 0
      let position = ''
      for (const step of steps) {
        act(clock, step)
        const now = source.time.now()
        expect(now).toBeGreaterThanOrEqual(Math.max(last, clock.now()))
        const next = source.next(now)
        expect(next > position).toBe(true)
        ;[last, position] = [now, next]
      }
    }),
  )
})

test('runs at half speed until the date has caught up', () => {
  const clock = new ManualClock()
  const time = new ChannelTime(clock)
  const start = time.now()
  clock.set(-HOUR)
  expect(time.now()).toBe(start)
  clock.advance(HOUR / 2)
  expect(time.now()).toBe(start + HOUR / 4)
  clock.advance(HOUR / 2)
  expect(time.now()).toBe(start + HOUR / 2)
  clock.advance(HOUR)
  expect(time.now()).toBe(clock.now())
})

test('continues after the timestamps of an earlier run', () => {
  const clock = new ManualClock()
  const last = new PositionSource(clock, 'site', undefined).next()
  clock.set(-HOUR)
  const source = new PositionSource(clock, 'site', last)
  expect(source.time.now()).toBe(clock.now() + HOUR)
})

test('a clock that was set forward for less than an hour deletes nothing', () => {
  const clock = new ManualClock()
  const date = new SettledDate(clock)
  const start = date.now()
  clock.set(1000 * HOUR)
  for (let n = 0; n < 59; n++) {
    expect(date.now()).toBe(start + n * 60_000)
    clock.advance(60_000)
  }
  clock.set(-1000 * HOUR)
  expect(date.now()).toBe(clock.now())
})

test('a clock that was set forward is believed after an hour, one that was set back at once', () => {
  const clock = new ManualClock()
  const date = new SettledDate(clock)
  clock.set(2 * HOUR)
  expect(date.now()).toBe(clock.now() - 2 * HOUR)
  clock.advance(HOUR)
  expect(date.now()).toBe(clock.now())
  clock.set(-24 * HOUR)
  expect(date.now()).toBe(clock.now())
})
