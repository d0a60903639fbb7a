/** Which share gives way when a limit is reached. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  channelLimit,
  connectionLimit,
  evenPart,
  greatest,
  roomFor,
  shareOfApp,
  shareOfReservation,
} from '../../src/policy/shares.ts'

interface Share {
  readonly name: string
  readonly held: number
  readonly spare: number
}

const share = (name: string, held: number, spare = 0): Share => ({ name, held, spare })

/** Outcome of taking one more for the first share, such as `from greedy`. */
function decide(max: number, own: Share, ...others: Share[]): string {
  const all = [own, ...others]
  const total = all.reduce((sum, { held }) => sum + held, 0)
  const room = roomFor(own, all, total, channelLimit(max))
  return room.kind === 'from' ? `from ${room.giver.name}` : room.kind
}

describe('room for one more', () => {
  test('is granted while there is room, even to the largest share', () => {
    expect(decide(10, share('a', 9))).toBe('free')
    expect(decide(10, share('a', 3), share('b', 6))).toBe('free')
    expect(decide(0, share('a', 1e9))).toBe('free')
  })

  test('is taken from the largest share that can give', () => {
    expect(decide(10, share('new', 0), share('b', 4, 4), share('greedy', 6, 1))).toBe('from greedy')
    expect(decide(10, share('new', 0), share('b', 4, 4), share('greedy', 6, 0))).toBe('from b')
  })

  test('leaves every share its even part while there is room beyond the limit', () => {
    const limit = { max: 100, beyond: 10 }
    const room = (held: number, total: number) => {
      const own = share('new', held)
      const all = [share('live', 90), share('middle', 8, 8), own]
      const found = roomFor(own, all, total, limit)
      return found.kind === 'from' ? `from ${found.giver.name}` : found.kind
    }
    expect(room(0, 100)).toBe('beyond')
    expect(room(2, 105)).toBe('beyond')
    expect(room(5, 105)).toBe('from middle')
    expect(room(8, 105)).toBe('none')
  })

  test('is never taken from a smaller share', () => {
    expect(decide(10, share('greedy', 9), share('small', 1, 1))).toBe('none')
    expect(decide(10, share('greedy', 9, 3), share('small', 1, 1))).toBe('from greedy')
    expect(decide(10, share('a', 5), share('b', 5, 5))).toBe('none')
  })

  test('goes beyond the limit for a share below its even part if nobody can give', () => {
    expect(decide(10, share('new', 0), share('greedy', 10))).toBe('beyond')
    expect(decide(10, share('new', 4), share('greedy', 10))).toBe('beyond')
    expect(decide(10, share('new', 5), share('greedy', 10))).toBe('none')
    expect(decide(10, share('new', 5, 2), share('greedy', 10))).toBe('from new')
  })

  test('a small share keeps what it remembers while it is below its even part', () => {
    expect(decide(10, share('small', 2, 2), share('greedy', 9))).toBe('beyond')
  })

  test('a single share has the whole limit', () => {
    expect(decide(1, share('a', 1))).toBe('none')
    expect(decide(1, share('a', 1, 1))).toBe('from a')
    expect(decide(1, share('a', 0))).toBe('free')
  })
})

test('many greedy shares cannot keep a new one out', () => {
  const shares: { held: number; spare: number }[] = []
  const total = () => shares.reduce((sum, { held }) => sum + held, 0)
  for (let i = 0; i < 14; i++) {
    const own = { held: 0, spare: 0 }
    shares.push(own)
    while (roomFor(own, shares, total(), channelLimit(100_000)).kind !== 'none') own.held++
    expect(own.held).toBeGreaterThan(0)
  }
  expect(shares.map(({ held }) => held).slice(0, 3)).toEqual([100_000, 50_000, 25_000])
  expect(total()).toBeLessThanOrEqual(200_000)
})

test('the total never exceeds the maximum, and a share below its even part is never refused', () => {
  const step = fc.record({ who: fc.nat({ max: 5 }), act: fc.constantFrom('one', 'more', 'rest') })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(step, { maxLength: 80 }),
      (max, steps) => {
        const shares = Array.from({ length: 6 }, (_, i) => ({ name: `${i}`, held: 0, spare: 0 }))
        const total = () => shares.reduce((sum, { held }) => sum + held, 0)
        for (const { who, act } of steps) {
          const own = shares[who]!
          if (act === 'rest') {
            own.spare = own.held
            continue
          }
          const room = roomFor(own, shares, total(), channelLimit(max))
          const parts = shares.filter(({ held }) => held > 0).length + (own.held === 0 ? 1 : 0)
          if (room.kind === 'none') {
            const left = 2 * max - total()
            expect(own.held).toBeGreaterThanOrEqual(Math.min(evenPart(max, parts), left))
            continue
          }
          if (room.kind === 'from') {
            const { giver } = room
            expect(giver === own || giver.held > own.held).toBe(true)
            expect(giver.spare).toBeGreaterThan(0)
            giver.held--
            giver.spare--
          }
          own.held++
        }
        expect(total()).toBeLessThanOrEqual(2 * max)
      },
    ),
  )
})

test('the greatest share is the first of those that have most, or none', () => {
  const sizeOf = ({ held }: Share) => held
  expect(greatest([share('a', 1), share('b', 3), share('c', 3)], sizeOf)?.name).toBe('b')
  expect(greatest([share('a', 0)], sizeOf)).toBeUndefined()
  expect(greatest([], sizeOf)).toBeUndefined()
})

test('names of shares of different kinds never collide', () => {
  const keys = [shareOfApp('x', undefined), shareOfApp('y', 'x'), shareOfReservation('x')]
  expect(new Set(keys).size).toBe(3)
  expect(shareOfApp('a', '1.2.3.4')).toBe(shareOfApp('b', '1.2.3.4'))
})

test('connections may exceed their limit by a quarter', () => {
  expect(connectionLimit(50_000)).toEqual({ max: 50_000, beyond: 12_500 })
  expect(connectionLimit(1)).toEqual({ max: 1, beyond: 16 })
  expect(connectionLimit(0)).toEqual({ max: 0, beyond: 0 })
})
