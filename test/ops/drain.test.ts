/** Dismissing all sockets: each once, in random order, within a time limit. */
import { describe, expect, test } from 'bun:test'
import { systemRandomness } from '../../src/core/clock.ts'
import { drain } from '../../src/ops/drain.ts'

interface Run {
  /** Numbers of the sockets in the order in which they were dismissed. */
  readonly order: number[]
  /** Milliseconds of each pause. */
  readonly pauses: number[]
  /** How many were dismissed before each pause and after the last. */
  readonly steps: number[]
}

async function run(count: number, withinMs: number, random = systemRandomness): Promise<Run> {
  const order: number[] = []
  const pauses: number[] = []
  const steps: number[] = []
  let before = 0
  const endStep = () => {
    steps.push(order.length - before)
    before = order.length
  }
  const sockets = Array.from({ length: count }, (_, i) => ({ dismiss: () => void order.push(i) }))
  const sleep = (ms: number) => {
    pauses.push(ms)
    endStep()
    return Promise.resolve()
  }
  await drain(sockets, { withinMs, random, sleep })
  endStep()
  return { order, pauses, steps }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)
const filled = (byte: number) => (bytes: Uint8Array) => bytes.fill(byte)

describe('drain', () => {
  test.each([0, 1, 24, 25])('%d sockets are dismissed without a pause', async (count) => {
    const { order, pauses } = await run(count, 8000)
    expect(order).toHaveLength(count)
    expect(pauses).toEqual([])
  })

  test.each([
    [26, 8000],
    [1000, 8000],
    [50_000, 8000],
    [50_000, 100],
    [5000, 40],
    [5000, 0],
    [7919, 3333],
  ])('%d sockets within %d ms: each is dismissed once and in time', async (count, withinMs) => {
    const { order, pauses } = await run(count, withinMs)
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
    expect(sum(pauses)).toBeLessThanOrEqual(withinMs)
  })

  test('even the longest pauses stay within the time', async () => {
    const { pauses } = await run(50_000, 8000, filled(255))
    expect(sum(pauses)).toBeLessThanOrEqual(8000)
    expect(sum(pauses)).toBeGreaterThan(7000)
  })

  test('steps are even and pauses random', async () => {
    const { pauses, steps } = await run(50_000, 8000)
    expect(new Set(steps.slice(0, -1)).size).toBe(1)
    expect(steps.at(-1)).toBeLessThanOrEqual(steps[0]!)
    expect(Math.max(...steps)).toBeLessThanOrEqual(Math.ceil(50_000 / (8000 / 50)))
    expect(new Set(pauses).size).toBeGreaterThan(pauses.length / 2)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(25)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(50)
  })

  test('few sockets are not stretched over a long time', async () => {
    const { steps, pauses } = await run(100, 600_000)
    expect(steps).toEqual([25, 25, 25, 25])
    expect(sum(pauses)).toBeLessThanOrEqual(150)
  })

  test('the order is random and follows from the source of randomness', async () => {
    const [one, two] = [await run(1000, 1000), await run(1000, 1000)]
    expect(one.order).not.toEqual(two.order)
    const [three, four] = [await run(50, 100, filled(7)), await run(50, 100, filled(7))]
    expect(three.order).toEqual(four.order)
  })

  test('the given list is not changed', async () => {
    const sockets = Array.from({ length: 30 }, (_, id) => ({ id, dismiss: () => {} }))
    const before = [...sockets]
    const sleep = () => Promise.resolve()
    await drain(sockets, { withinMs: 100, random: systemRandomness, sleep })
    expect(sockets).toEqual(before)
  })
})
