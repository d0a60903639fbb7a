/** Large answers are made as they are read and released when abandoned. */
import { describe, expect, test } from 'bun:test'
import { FairTurns } from '../../../../src/core/time/fair-turns.ts'
import { Budget } from '../../../../src/policy/budget.ts'
import { AnswerBodies } from '../../../../src/protocol/ably/http/answer-bodies.ts'
import { LazyList } from '../../../../src/protocol/ably/wire/pieces.ts'

const ITEM = 'x'.repeat(10_000)
const COUNT = 500
const BYTES = COUNT * ITEM.length
const reading = { appId: 'app', address: '127.0.0.1', bytes: BYTES }

function world(total: number) {
  const budget = new Budget(total)
  const bodies = new AnswerBodies({ budget, shareOf: (appId) => appId, turns: new FairTurns() })
  const made = { items: 0 }
  const list = () =>
    LazyList.of(
      Array.from({ length: COUNT }, (_, i) => i),
      (i) => {
        made.items++
        return `${i}${ITEM}`
      },
    )
  const ask = () => bodies.of(list(), 'json', reading)
  const stream = () => {
    const asked = ask()
    if (!asked.ok || !(asked.value instanceof ReadableStream)) throw new Error('no stream')
    return asked.value
  }
  return { ask, bodies, budget, made, stream }
}

test('a small answer is made at once', () => {
  const { bodies, budget } = world(1000)
  expect(bodies.of({ a: 1 }, 'json', reading)).toEqual({ ok: true, value: '{"a":1}' })
  const few = LazyList.of([1, 2], (i) => i)
  expect(bodies.of(few, 'json', reading)).toEqual({ ok: true, value: '[1,2]' })
  expect(budget.used).toBe(0)
})

test('of a large answer only the beginning is made before it is read', async () => {
  const { budget, made, stream } = world(6 * BYTES)
  const unread = stream()
  expect(made.items).toBeLessThan(10)
  expect(budget.used).toBeGreaterThanOrEqual(BYTES)
  const reader = unread.getReader()
  await reader.read()
  expect(made.items).toBeLessThan(20)
  while (!(await reader.read()).done) expect(budget.used).toBeGreaterThanOrEqual(BYTES)
  expect(made.items).toBe(COUNT)
  expect(budget.used).toBe(0)
})

test('one answer of each app always finds room', () => {
  expect(world(1000).ask().ok).toBe(true)
})

test('a large answer is complete, in either format', async () => {
  const { bodies, stream } = world(0)
  const items: unknown = await new Response(stream()).json()
  expect(items).toEqual(Array.from({ length: COUNT }, (_, i) => `${i}${ITEM}`))
  const long = 'é'.repeat(100_000)
  for (const format of ['json', 'msgpack'] as const) {
    const asked = bodies.of(long, format, reading)
    if (!asked.ok) throw new Error(asked.failure.name)
    const bytes = Buffer.from(await new Response(asked.value).bytes())
    expect(
      bytes
        .toString()
        .slice(format === 'json' ? 1 : 5)
        .slice(0, long.length),
    ).toBe(long)
  }
})

test('an answer with an item that cannot be made breaks off and releases its memory', async () => {
  const { bodies, budget } = world(0)
  const list = LazyList.of(
    Array.from({ length: COUNT }, (_, i) => i),
    (i) => {
      if (i === 100) throw new Error('gone')
      return ITEM
    },
  )
  const asked = bodies.of(list, 'json', reading)
  if (!asked.ok) throw new Error(asked.failure.name)
  expect(budget.used).toBeGreaterThan(0)
  expect(new Response(asked.value).text()).rejects.toThrow('gone')
  for (let i = 0; i < 100 && budget.used > 0; i++) await new Promise(setImmediate)
  expect(budget.used).toBe(0)
})

describe('without room', () => {
  test('an answer is refused, and abandoned ones make room', async () => {
    const { ask, budget, made, stream } = world(6 * BYTES)
    const first = stream()
    const refused = ask()
    expect(refused).toMatchObject({ ok: false, failure: { name: 'answers_unread', status: 429 } })
    await first.cancel()
    expect(budget.used).toBe(0)
    const before = made.items
    await first.cancel()
    expect([budget.used, made.items]).toEqual([0, before])
    expect(ask().ok).toBe(true)
  })

  test('an app without room does not affect another', () => {
    const { ask, bodies } = world(6 * BYTES)
    expect(ask().ok).toBe(true)
    expect(ask().ok).toBe(false)
    const list = LazyList.of(Array.from({ length: COUNT }), () => ITEM)
    const other = { ...reading, appId: 'other' }
    expect(bodies.of(list, 'json', other).ok).toBe(true)
  })
})
