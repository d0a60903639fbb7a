/** The first few of many are those that sorting all of them would put first. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { firstOf } from '../../src/core/first-of.ts'

const ascending = (a: readonly [number, number], b: readonly [number, number]) => a[0] - b[0]

test('needs few comparisons for each item, in any order', () => {
  const numbers = Array.from({ length: 50_000 }, (_, i) => i)
  for (const items of [numbers, numbers.toReversed()]) {
    let comparisons = 0
    const counted = (a: number, b: number) => {
      comparisons++
      return a - b
    }
    expect(firstOf(items, counted, 1000).items).toEqual(numbers.slice(0, 1000))
    expect(comparisons).toBeLessThan(25 * items.length)
  }
})

test('gives what a stable sort would give', () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 })
  fc.assert(
    fc.property(
      numbers,
      fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      (values, limit) => {
        const items = values.map((value, index) => [value, index] as const)
        const sorted = items.toSorted(ascending)
        const found = firstOf(items, ascending, limit)
        expect(found.items).toEqual(sorted.slice(0, limit ?? sorted.length))
        expect(found.total).toBe(items.length)
      },
    ),
  )
})
