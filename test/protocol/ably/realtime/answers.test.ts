/** What frames were answered with, for as long as their client may ask again. */
import { expect, test } from 'bun:test'
import { failure } from '../../../../src/failure.ts'
import { type Answer, AnswerBook } from '../../../../src/protocol/ably/realtime/answers.ts'

const accepted: Answer = { outcome: { ok: true, serials: ['s'] } }
const refused: Answer = { outcome: { ok: false, failure: failure('rate_limited') } }
const ago: Answer = { outcome: { ok: true, serials: [null] } }

test('what is new is not known', () => {
  const book = new AnswerBook()
  expect(book.find(0)).toBeUndefined()
  book.add(0, accepted)
  expect(book.find(0)).toBe(accepted)
  expect(book.find(1)).toBeUndefined()
})

test('long after, a success is known as one without its serials, and a refusal stays one', () => {
  const book = new AnswerBook()
  const open: Answer = { outcome: undefined }
  book.add(0, accepted)
  book.add(1, refused)
  book.add(2, open)
  book.rest()
  expect(book.find(0)).toBe(accepted)
  book.rest()
  expect(book.find(0)).toEqual(ago)
  expect(book.find(1)).toBe(refused)
  expect(book.find(2)).toBe(open)
  expect(book.find(3)).toBeUndefined()
})

test('a refusal outlives any number of successes, and neither takes memory without bound', () => {
  const book = new AnswerBook()
  for (let serial = 0; serial < 50_000; serial++) book.add(serial, serial < 9 ? refused : accepted)
  expect(book.find(3)).toBe(refused)
  expect(book.find(100)).toEqual(ago)
  expect(book.find(49_999)).toBe(accepted)
  for (let serial = 50_000; serial < 100_000; serial++) book.add(serial, refused)
  expect([...book.known()].length).toBeLessThan(15_000)
  expect([...book.known()].at(-1)![0]).toBe(99_999)
})
