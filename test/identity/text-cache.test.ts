/** The cache of texts is bounded and drops what is not used. */
import { expect, test } from 'bun:test'
import { TextCache } from '../../src/identity/text-cache.ts'

const LETTERS = 40

test('keeps what was used and drops what was not', () => {
  const cache = new TextCache<number>(LETTERS)
  const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(10))
  const [a, , , d] = texts
  for (const [i, text] of texts.slice(0, 3).entries()) cache.set(text, i)
  expect(cache.size).toBe(3)
  expect(cache.get(a!)).toBe(0)
  cache.set(d!, 3)
  expect(texts.map((text) => cache.get(text))).toEqual([0, undefined, 2, 3])
})

test('does not keep a text that would take half of it', () => {
  const cache = new TextCache<number>(LETTERS)
  cache.set('e'.repeat(LETTERS / 2 + 1), 1)
  expect(cache.size).toBe(0)
})

test('counts the size of values, also after they were used', () => {
  const cache = new TextCache<number>(LETTERS)
  cache.set('a', 1, LETTERS / 2)
  expect(cache.size).toBe(0)
  for (const text of ['a', 'b', 'c', 'd']) {
    cache.set(text, 1, 9)
    expect(cache.get('a')).toBe(1)
  }
  expect(cache.size).toBeLessThanOrEqual(LETTERS / 10)
})

test('forgets what was deleted', () => {
  const cache = new TextCache<number>(LETTERS)
  cache.set('a', 1)
  cache.delete('a')
  expect(cache.get('a')).toBeUndefined()
})

test('does not grow beyond its bound', () => {
  const cache = new TextCache<number>(LETTERS)
  for (let i = 0; i < 1000; i++) {
    cache.set(String(i), i)
    expect(cache.size).toBeLessThanOrEqual(LETTERS)
  }
  expect(cache.get('999')).toBe(999)
})
