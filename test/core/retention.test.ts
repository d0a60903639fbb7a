/** Memory ends in the order of time: by age, and by size. */
import { expect, test } from 'bun:test'
import { RetentionQueue } from '../../src/core/retention.ts'

class Named {
  constructor(
    readonly name: string,
    readonly forgotten: string[],
  ) {}
  forgetOldest(): void {
    this.forgotten.push(this.name)
  }
}

test('what is older than the limit goes, and nothing else', () => {
  const forgotten: string[] = []
  const queue = new RetentionQueue({ keepMs: 100, maxBytes: 1000 })
  queue.note(new Named('a', forgotten), 10, 0)
  queue.note(new Named('b', forgotten), 10, 50)
  queue.expire(99)
  expect(forgotten).toEqual([])
  queue.expire(100)
  expect(forgotten).toEqual(['a'])
  expect(queue.bytes).toBe(10)
})

test('when there is too much, the oldest of all go first', () => {
  const forgotten: string[] = []
  const queue = new RetentionQueue({ keepMs: 1000, maxBytes: 25 })
  for (const name of ['a', 'b', 'c', 'd']) queue.note(new Named(name, forgotten), 10, 0)
  expect(forgotten).toEqual(['a', 'b'])
  expect(queue.bytes).toBe(20)
})

test('a long run leaves no trace of what went', () => {
  const forgotten: string[] = []
  const queue = new RetentionQueue({ keepMs: 10, maxBytes: 1e9 })
  for (let at = 0; at < 10_000; at++) queue.note(new Named(String(at), forgotten), 1, at)
  expect(queue.size).toBe(10)
  expect(forgotten).toHaveLength(9990)
  expect(forgotten.at(-1)).toBe('9989')
})
