/** Verdicts on the figures of a benchmark. */
import { describe, expect, test } from 'bun:test'
import type { Metric } from './benchmark.ts'
import { figures, type Question } from './table.ts'

const RATE: Metric = {
  key: 'rate',
  better: 'more',
  label: 'rate',
  digits: 0,
  target: { of: 'ratio', is: 'at least', limit: 0.5 },
}
const COST: Metric = { key: 'cost', better: 'less', label: 'cost', digits: 0 }
const LOAD: Metric = { key: 'load', label: 'load', digits: 0 }

/** Whether each figure passes; null where nothing is asked of it. */
function verdicts(ours: number, other: number, question: Question): (boolean | null)[] {
  const sample = (value: number) => ({ rate: value, cost: value, load: value })
  const rounds = [{ ours: sample(ours), other: sample(other) }]
  return figures([RATE, COST, LOAD], rounds, question).map(({ verdict }) => verdict?.pass ?? null)
}

describe('against another checkout', () => {
  test('a rate must not be lower, a cost not higher', () => {
    expect(verdicts(96, 100, 'no slower')).toEqual([false, true, null])
    expect(verdicts(104, 100, 'no slower')).toEqual([true, false, null])
  })

  test('a difference of three percent passes', () => {
    expect(verdicts(97, 100, 'no slower')).toEqual([true, true, null])
    expect(verdicts(103, 100, 'no slower')).toEqual([true, true, null])
  })

  test('a cost of zero on both sides is not judged', () => {
    expect(verdicts(0, 0, 'no slower')).toEqual([null, null, null])
  })
})

test('against the bare server only figures with a target are judged', () => {
  expect(verdicts(60, 100, 'target')).toEqual([true, null, null])
  expect(verdicts(40, 100, 'target')).toEqual([false, null, null])
})
