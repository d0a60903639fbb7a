/** Long work in turns: a bounded amount in each, for everybody in turn, and others in between. */
import { describe, expect, test } from 'bun:test'
import { FairTurns, type Work } from '../../../src/core/time/fair-turns.ts'

const PIECE = 16_384

/** A task of so many pieces that records each in a log. */
function work(log: string[], name: string, pieces: number, cost = PIECE): Work {
  let left = pieces
  return {
    step: () => {
      if (left === 0) return undefined
      left--
      log.push(name)
      return cost
    },
    failed: (error) => void log.push(`${name} failed: ${String(error)}`),
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('a turn', () => {
  test('runs small work at once', () => {
    const log: string[] = []
    new FairTurns().enlist(work(log, 'a', 3))
    expect(log).toEqual(['a', 'a', 'a'])
  })

  test('does a bounded amount of work, and the next turn continues', async () => {
    const log: string[] = []
    const turns = new FairTurns()
    turns.enlist(work(log, 'a', 100))
    const first = log.length
    expect(first * PIECE).toBeLessThanOrEqual(1_048_576)
    let others = 0
    while (log.length < 100) {
      const before = log.length
      await turn()
      others++
      expect(log.length - before).toBeLessThanOrEqual(first)
    }
    expect(others).toBeGreaterThanOrEqual(100 / first - 1)
    expect(turns.turns).toBeGreaterThanOrEqual(100 / first)
  })

  test('gives every waiting task its share', async () => {
    const log: string[] = []
    const turns = new FairTurns()
    for (const name of 'abcd') turns.enlist(work(log, name, 200))
    for (let i = 0; i < 10; i++) await turn()
    const counts = [...'abcd'].map((name) => log.filter((one) => one === name).length)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(log.length / 5)
  })

  test('also bounds pieces that cost nothing', async () => {
    const log: string[] = []
    new FairTurns().enlist(work(log, 'a', 10_000, 0))
    expect(log.length).toBeLessThan(5000)
    while (log.length < 10_000) await turn()
  })
})

test('work that is dismissed or throws is dropped, and others continue', async () => {
  const log: string[] = []
  const turns = new FairTurns()
  const gone = work(log, 'gone', 1000)
  const bug: Work = {
    step: () => {
      throw new Error('a bug')
    },
    failed: (error) => void log.push(String(error)),
  }
  turns.enlist(gone)
  turns.enlist(bug)
  turns.enlist(work(log, 'rest', 5))
  turns.dismiss(gone)
  await turn()
  await turn()
  expect(log.filter((one) => one !== 'gone')).toEqual([
    'Error: a bug',
    'rest',
    'rest',
    'rest',
    'rest',
    'rest',
  ])
  expect(log.filter((one) => one === 'gone').length).toBeLessThan(1000)
})

test('single pieces run once, in order', async () => {
  const turns = new FairTurns()
  const order: number[] = []
  await Promise.all(
    [1, 2, 3].map((n) =>
      turns.once(
        () => void order.push(n),
        () => 400_000,
      ),
    ),
  )
  expect(order).toEqual([1, 2, 3])
  expect(
    turns.once(
      () => {
        throw new Error('a bug')
      },
      () => 1,
    ),
  ).rejects.toThrow('a bug')
})
