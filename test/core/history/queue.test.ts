/** A queue behaves like an array. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Queue, firstWhere } from '../../../src/core/history/queue.ts'

test('behaves like an array, however often it is cut', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 2, arbitrary: fc.record({ shift: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.record({ set: fc.nat(100) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new Queue<number>()
      const array: number[] = []
      let next = 0
      for (const one of steps) {
        if ('push' in one) {
          for (let i = 0; i < one.push; i++) {
            array.push(next)
            queue.push(next++)
          }
        } else if ('shift' in one) {
          for (let i = 0; i < one.shift; i++) expect(queue.shift()).toBe(array.shift())
        } else if (one.set < array.length) {
          array[one.set] = -1
          queue.set(one.set, -1)
        }
        expect(queue.length).toBe(array.length)
        expect(queue.slice()).toEqual(array)
        expect(queue.slice(3)).toEqual(array.slice(3))
        expect([queue.at(0), queue.at(array.length)]).toEqual([array[0], undefined])
      }
    }),
  )
})

test('finds the first item that satisfies a condition', () => {
  const list = [1, 3, 3, 7]
  expect([0, 1, 2, 3, 7, 8].map((least) => firstWhere(list, (n) => n >= least))).toEqual([
    0, 0, 1, 1, 3, 4,
  ])
  expect(firstWhere([], () => true)).toBe(0)
})
