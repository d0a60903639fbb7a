/** The timer wheel wakes each entry once, in order, never early, and never after it was cancelled. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { NEVER, TICK_MS, type Timed, TimerWheel } from '../../../src/core/time/timer-wheel.ts'

const START = 1_000_000

class Sleeper implements Timed {
  due = NEVER
  readonly woken: number[] = []
  readonly #onWake: () => void

  constructor(onWake: () => void = () => undefined) {
    this.#onWake = onWake
  }

  wake(now: number): void {
    this.woken.push(now)
    this.#onWake()
  }
}

describe('the wheel', () => {
  test('wakes at the time, once', () => {
    const wheel = new TimerWheel(START)
    const sleeper = new Sleeper()
    wheel.schedule(sleeper, START + 1000)
    wheel.advance(START + 999)
    expect(sleeper.woken).toEqual([])
    wheel.advance(START + 1000)
    wheel.advance(START + 9000)
    expect(sleeper.woken).toEqual([START + 1000])
  })

  test('keeps only the last of several times, and none that was cancelled', () => {
    const wheel = new TimerWheel(START)
    const [moved, stopped] = [new Sleeper(), new Sleeper()]
    for (const due of [5000, 1000, 3000]) wheel.schedule(moved, START + due)
    wheel.schedule(stopped, START + 1000)
    wheel.cancel(stopped)
    wheel.advance(START + 2999)
    expect(moved.woken).toEqual([])
    wheel.advance(START + 6000)
    expect(moved.woken).toEqual([START + 6000])
    expect(stopped.woken).toEqual([])
  })

  test('lets a callback cancel another and schedule itself again', () => {
    const wheel = new TimerWheel(START)
    const victim = new Sleeper()
    const first: Sleeper = new Sleeper(() => {
      wheel.cancel(victim)
      if (first.woken.length < 3) wheel.schedule(first, START)
    })
    wheel.schedule(first, START + 100)
    wheel.schedule(victim, START + 100)
    for (let now = START; now <= START + 2000; now += TICK_MS) wheel.advance(now)
    expect(first.woken).toHaveLength(3)
    expect(victim.woken).toEqual([])
  })

  test('agrees with a plain list for any schedule', () => {
    const step = fc.record({
      who: fc.nat({ max: 5 }),
      inMs: fc.option(fc.integer({ min: -500, max: 5000 }), { nil: undefined }),
      advance: fc.nat({ max: 2000 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const wheel = new TimerWheel(START)
        const sleepers = Array.from({ length: 6 }, () => new Sleeper())
        const expected = new Map<number, number>()
        let now = START
        for (const { who, inMs, advance } of steps) {
          const before = sleepers.map(({ woken }) => woken.length)
          if (inMs === undefined) {
            wheel.cancel(sleepers[who]!)
            expected.delete(who)
          } else {
            wheel.schedule(sleepers[who]!, now + inMs)
            expected.set(who, Math.max(now + inMs, now))
          }
          now += advance
          wheel.advance(now)
          for (const [n, sleeper] of sleepers.entries()) {
            const wasWoken = sleeper.woken.length - before[n]!
            const due = expected.get(n)
            if (wasWoken > 0) {
              expect(wasWoken).toBe(1)
              expect(due).toBeLessThanOrEqual(now)
              expected.delete(n)
            } else if (due !== undefined) expect(now - due).toBeLessThan(2 * TICK_MS)
          }
        }
      }),
    )
  })
})
