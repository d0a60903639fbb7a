/** Shares of memory: a single user gets half, and a newcomer always finds some. */
import { expect, test } from 'bun:test'
import { Budget } from '../../src/policy/budget.ts'

/** Takes bytes one by one until it is refused. */
function fill(budget: Budget, ...holder: string[]): number {
  let taken = 0
  while (budget.take(holder, 1)) taken++
  return taken
}

test('a single user gets half, also within a share', () => {
  expect(fill(new Budget(120), 'a')).toBe(60)
  const budget = new Budget(120)
  expect(fill(budget, 'a', 'a1')).toBe(30)
  expect(fill(budget, 'a', 'a2')).toBe(15)
  expect(budget.heldBy('a')).toBe(45)
})

test('a newcomer finds room however much others have taken', () => {
  const budget = new Budget(1200)
  for (let i = 0; i < 6; i++) expect(fill(budget, `app ${i}`)).toBeGreaterThan(0)
  expect(budget.used).toBeLessThan(1200)
})

test('returned room can be taken again, and empty holders are forgotten', () => {
  const budget = new Budget(100)
  expect(budget.take(['a', 'a1'], 20)).toBe(true)
  expect(budget.take(['a', 'a1'], 20)).toBe(false)
  budget.give(['a', 'a1'], 20)
  expect([budget.used, budget.heldBy('a'), budget.heldBy('a1')]).toEqual([0, 0, 0])
  expect(budget.take(['a', 'a1'], 20)).toBe(true)
})

test('restored amounts count, also beyond the limit', () => {
  const budget = new Budget(100)
  budget.change(['a'], 90)
  expect(budget.take(['a'], 1)).toBe(false)
  expect(budget.take(['b'], 5)).toBe(true)
  expect(budget.take(['b'], 1)).toBe(false)
})

test('without a total there is no limit', () => {
  expect(new Budget(0).take(['a'], 1e12)).toBe(true)
})
