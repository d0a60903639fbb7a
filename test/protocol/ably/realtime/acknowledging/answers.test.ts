/** Answers to frames are remembered for as long as a client may send them again. */
import { expect, test } from 'bun:test'
import { failure } from '../../../../../src/failure.ts'
import {
  type Answer,
  AnswerBook,
  type Outcome,
} from '../../../../../src/protocol/ably/realtime/acknowledging/answers.ts'

const accepted: Outcome = { ok: true, serials: ['s'] }
const refused: Outcome = { ok: false, failure: failure('rate_limited') }
const ago: Outcome = { ok: true, serials: [null] }

const outcomeOf = (book: AnswerBook, serial: number) => book.find(serial)?.outcome

test('a new serial is unknown', () => {
  const book = new AnswerBook()
  expect(book.find(0)).toBeUndefined()
  book.add({ serial: 0, outcome: accepted })
  expect(outcomeOf(book, 0)).toBe(accepted)
  expect(book.find(1)).toBeUndefined()
})

test('an old success is known without its serials, and an old refusal as a refusal', () => {
  const book = new AnswerBook()
  const open: Answer = { serial: 2, outcome: undefined }
  book.add({ serial: 0, outcome: accepted })
  book.add({ serial: 1, outcome: refused })
  book.add(open)
  book.rest()
  expect(outcomeOf(book, 0)).toBe(accepted)
  book.rest()
  expect(outcomeOf(book, 0)).toEqual(ago)
  expect(outcomeOf(book, 1)).toBe(refused)
  expect(book.find(2)).toBe(open)
  expect(book.find(3)).toBeUndefined()
})

test('refusals outlive any number of successes, in bounded memory', () => {
  const book = new AnswerBook()
  for (let serial = 0; serial < 50_000; serial++)
    book.add({ serial, outcome: serial < 9 ? refused : accepted })
  expect(outcomeOf(book, 3)).toBe(refused)
  expect(outcomeOf(book, 100)).toEqual(ago)
  expect(outcomeOf(book, 49_999)).toBe(accepted)
  for (let serial = 50_000; serial < 100_000; serial++) book.add({ serial, outcome: refused })
  const serials = Array.from(book.known(), ({ serial }) => serial)
  expect(serials.length).toBeLessThan(15_000)
  expect(serials.at(-1)).toBe(99_999)
  expect(serials.toSorted((a, b) => a - b)).toEqual(serials)
})

test('a connection may begin at any serial', () => {
  const book = new AnswerBook()
  book.resume(5000)
  book.add({ serial: 5001, outcome: refused })
  expect(outcomeOf(book, 5001)).toBe(refused)
  expect(outcomeOf(book, 5000)).toEqual(ago)
})
