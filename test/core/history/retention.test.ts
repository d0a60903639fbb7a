/** Retention in memory: by age and by size, in the order of time. */
import { expect, test } from 'bun:test'
import { RetentionBudget } from '../../../src/core/history/retention.ts'

interface Limits {
  readonly keepMs: number
  readonly maxBytes: number
  readonly maxBytesOf?: (realm: string) => number
}

/** An app is named by its share, a line and its own letter. */
function budget(limits: Limits): RetentionBudget {
  const shareOf = (realm: string) => realm.split('/')[0]!
  return new RetentionBudget({ maxBytesOf: () => 0, ...limits, shareOf })
}

class Named {
  constructor(
    readonly name: string,
    readonly forgotten: string[],
  ) {}
  forgetOldest(): void {
    this.forgotten.push(this.name)
  }
}

test('only what is older than the limit is forgotten', () => {
  const forgotten: string[] = []
  const queue = budget({ keepMs: 100, maxBytes: 1000 }).queue('app')
  queue.note(new Named('a', forgotten), 10, 0)
  queue.note(new Named('b', forgotten), 10, 50)
  queue.expire(99)
  expect(forgotten).toEqual([])
  queue.expire(100)
  expect(forgotten).toEqual(['a'])
  expect(queue.bytes).toBe(10)
})

test('when there is too much, the oldest entries go first', () => {
  const forgotten: string[] = []
  const queue = budget({ keepMs: 1000, maxBytes: 25 }).queue('app')
  for (const name of ['a', 'b', 'c', 'd']) queue.note(new Named(name, forgotten), 10, 0)
  expect(forgotten).toEqual(['a', 'b'])
  expect(queue.bytes).toBe(20)
})

test('memory stays flat over a long run', () => {
  const forgotten: string[] = []
  const queue = budget({ keepMs: 10, maxBytes: 1e9 }).queue('app')
  for (let at = 0; at < 10_000; at++) queue.note(new Named(String(at), forgotten), 1, at)
  expect(queue.size).toBe(10)
  expect(forgotten).toHaveLength(9990)
  expect(forgotten.at(-1)).toBe('9989')
})

test('the largest share forgets first, and nobody else', () => {
  const forgotten: string[] = []
  const all = budget({ keepMs: 1000, maxBytes: 1000 })
  for (let i = 0; i < 30; i++) all.queue('small').note(new Named('small', forgotten), 10, 0)
  for (let i = 0; i < 500; i++) all.queue('greedy').note(new Named('greedy', forgotten), 10, i)
  expect(new Set(forgotten)).toEqual(new Set(['greedy']))
  expect(all.bytes).toBe(1000)
  expect(all.queue('small').bytes).toBe(300)
})

test('one share may use everything until another needs it', () => {
  const all = budget({ keepMs: 1000, maxBytes: 1000 })
  for (let i = 0; i < 100; i++) all.queue('first').note(new Named('', []), 10, 0)
  expect(all.queue('first').bytes).toBe(1000)
  for (let i = 0; i < 100; i++) all.queue('second').note(new Named('', []), 10, 0)
  expect(all.bytes).toBe(1000)
  expect(Math.abs(all.queue('first').bytes - all.queue('second').bytes)).toBeLessThanOrEqual(20)
})

test('apps of one share are counted together', () => {
  const all = budget({ keepMs: 1000, maxBytes: 1000 })
  for (let i = 0; i < 40; i++) all.queue('one').note(new Named('', []), 10, 0)
  for (let i = 0; i < 1000; i++) all.queue(`many/${i % 50}`).note(new Named('', []), 10, 0)
  expect(all.queue('one').bytes).toBe(400)
  expect(all.greatest).toBe(600)
})

test('an app has a limit of its own, which can change', () => {
  const forgotten: string[] = []
  let max = 50
  const all = budget({ keepMs: 1000, maxBytes: 1000, maxBytesOf: () => max })
  for (let i = 0; i < 10; i++) all.queue('app').note(new Named(String(i), forgotten), 10, 0)
  expect(forgotten).toEqual(['0', '1', '2', '3', '4'])
  max = 20
  all.limitsChanged('app')
  expect(all.queue('app').bytes).toBe(20)
  expect(all.bytes).toBe(20)
})

test('a removed app uses no memory, whatever it still adds', () => {
  const forgotten: string[] = []
  const all = budget({ keepMs: 1000, maxBytes: 1000 })
  const queue = all.queue('app')
  queue.note(new Named('a', forgotten), 10, 0)
  all.forget('app')
  queue.note(new Named('b', forgotten), 10, 0)
  expect([all.bytes, queue.bytes, forgotten]).toEqual([0, 0, []])
})

test('the largest share is not searched at every entry', () => {
  let asked = 0
  const all = new RetentionBudget({
    keepMs: 1000,
    maxBytes: 256_000,
    shareOf: (realm) => realm,
    maxBytesOf: () => 0,
  })
  const others = Array.from({ length: 100 }, (_, i) => all.queue(`app ${i}`))
  for (const queue of others) queue.note(new Named('', []), 100, 0)
  const greedy = all.queue('greedy')
  for (const queue of others)
    Object.defineProperty(queue, 'share', { get: () => (asked++, 'other') })
  for (let i = 0; i < 10_000; i++) greedy.note(new Named('', []), 100, 0)
  // 754,000 bytes had to go; looking at 100 queues once for a thousand of them is at most twice that often.
  expect(asked).toBeLessThan(2 * 100 * 760 * 2)
  expect(asked).toBeGreaterThan(0)
})
