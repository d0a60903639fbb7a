/** Token buckets and warnings as state transitions. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Bucket,
  type Rate,
  type Warnings,
  fullBucket,
  isRested,
  take,
  warn,
} from '../../src/policy/rate-limits.ts'

/** Number of permitted attempts among those of one moment. */
function taken(bucket: Bucket, rate: Rate, now: number, attempts: number): number {
  return Array.from({ length: attempts }, () => take(bucket, rate, now)).filter(Boolean).length
}

describe('buckets', () => {
  const rate = { perSecond: 10, burst: 5 }

  test.each([
    ['at once, the burst', 0, 5],
    ['after a tenth of a second, one', 100, 1],
    ['after 99 ms, none', 99, 0],
    ['after half a second, five', 500, 5],
    ['after an hour, no more than the burst', 3_600_000, 5],
  ])('%s', (_case, ms, allowed) => {
    const bucket = fullBucket(rate, 1000)
    if (ms > 0) taken(bucket, rate, 1000, 5)
    expect(taken(bucket, rate, 1000 + ms, 100)).toBe(allowed)
  })

  test('a rate of 0 is no limit', () => {
    const off = { perSecond: 0, burst: 1 }
    expect(taken(fullBucket(off, 0), off, 0, 1000)).toBe(1000)
    expect(isRested({ tokens: 0, at: 0 }, off, 0)).toBe(true)
  })

  test('a clock that steps back neither fills nor empties a bucket', () => {
    const bucket = fullBucket(rate, 10_000)
    expect(taken(bucket, rate, 10_000, 3)).toBe(3)
    expect(taken(bucket, rate, 2000, 10)).toBe(2)
    expect(taken(bucket, rate, 2100, 10)).toBe(1)
  })

  test('a bucket is rested when it equals a new one', () => {
    const bucket = fullBucket(rate, 0)
    expect(isRested(bucket, rate, 0)).toBe(true)
    taken(bucket, rate, 0, 2)
    expect(isRested(bucket, rate, 199)).toBe(false)
    expect(isRested(bucket, rate, 200)).toBe(true)
  })

  const anyRate = fc.record({
    perSecond: fc.integer({ min: 1, max: 5000 }),
    burst: fc.integer({ min: 1, max: 3000 }),
  })
  /** Time steps, a few of them backwards, with attempts at each. */
  const anySteps = fc.array(
    fc.record({ ms: fc.integer({ min: -500, max: 5000 }), attempts: fc.nat({ max: 50 }) }),
    { maxLength: 50 },
  )

  test('never permit more than the burst at once, nor burst plus rate over any time', () => {
    fc.assert(
      fc.property(anyRate, anySteps, (limit, steps) => {
        const bucket = fullBucket(limit, 0)
        let now = 0
        let forward = 0
        let passed = 0
        for (const { ms, attempts } of steps) {
          now += ms
          forward += Math.max(0, ms)
          const through = taken(bucket, limit, now, attempts)
          passed += through
          expect(through).toBeLessThanOrEqual(limit.burst)
          expect(bucket.tokens).toBeGreaterThanOrEqual(0)
          expect(bucket.tokens).toBeLessThanOrEqual(limit.burst)
          expect(passed).toBeLessThanOrEqual(
            limit.burst + (forward * limit.perSecond) / 1000 + 1e-6,
          )
        }
      }),
      { numRuns: 300 },
    )
  })

  test('never refuse a sender below the rate', () => {
    fc.assert(
      fc.property(anyRate, fc.array(fc.integer({ min: 0, max: 100 })), (limit, pauses) => {
        const bucket = fullBucket(limit, 0)
        const interval = Math.ceil(1000 / limit.perSecond)
        let now = 0
        for (const pause of pauses) {
          expect(take(bucket, limit, now)).toBe(true)
          now += interval + pause
        }
      }),
    )
  })
})

describe('warnings', () => {
  /** Outcomes of offences at these moments, with two warnings allowed. */
  function offend(moments: readonly number[]): string[] {
    const warnings: Warnings = { count: 0, at: 0 }
    return moments.map((now) => warn(warnings, 2, now))
  }

  test.each([
    ['each second counts', [0, 1000, 2000], ['warned', 'warned', 'exhausted']],
    ['within a second they count once', [0, 1, 999, 1000, 1999], Array(5).fill('warned')],
    ['a quiet minute forgives', [0, 1000, 61_001, 62_001], Array(4).fill('warned')],
    ['a minute less a moment does not', [0, 1000, 61_000], ['warned', 'warned', 'exhausted']],
    ['it stays exhausted', [0, 1000, 2000, 3000], ['warned', 'warned', 'exhausted', 'exhausted']],
  ])('L-4 %s', (_case, moments, outcome) => {
    expect(offend(moments)).toEqual(outcome as string[])
  })

  test('L-4 with none allowed the first offence is one too many', () => {
    expect(warn({ count: 0, at: 0 }, 0, 5)).toBe('exhausted')
  })
})
