/** Lists of what channels remember: which page of one a request wants, and the answer that holds it (RSL2, RSP4). */
import type { Page, Slice } from '../../../core/history/history.ts'
import { LazyList } from '../wire/pieces.ts'
import type { FairTurns } from '../../../core/time/fair-turns.ts'
import { isPosition, positionOf } from '../../../core/channel/position.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import type { RestAnswer } from './answer.ts'
import { CURSOR, type Direction, pageAnswer, readDirection, readLimit, readTime } from './paging.ts'
import type { RestCall } from './router.ts'

/** Of what the items of a page hold. A page ends there, and a link leads on. */
export const MAX_PAGE_BYTES = 2_097_152

/** Reads a page in its turn: what many ask for at once is read bit by bit, and others come in between. */
export function readInTurn<T>(turns: FairTurns, read: () => Slice<T>): Promise<Slice<T>> {
  return turns.once(read, ({ bytes }) => bytes)
}

/** ably-js sends the first name, ably-go the second. */
const UNTIL = ['from_serial', 'fromSerial'] as const

/**
 * @param usual the direction if the request does not say
 * @returns `history_gone` if it wants what was before a position that is none
 */
export function readPage(query: URLSearchParams, usual: Direction = 'backwards'): Result<Page> {
  const direction = query.has('direction') ? readDirection(query) : ok(usual)
  if (!direction.ok) return direction
  const limit = readLimit(query)
  if (!limit.ok) return limit
  const start = readTime(query, 'start')
  if (!start.ok) return start
  const end = readTime(query, 'end')
  if (!end.ok) return end
  if (start.value !== undefined && end.value !== undefined && start.value > end.value)
    return fail('parameter_invalid', 'start is later than end')
  const until = readUntil(query)
  if (!until.ok) return until
  const after = readCursor(query)
  if (!after.ok) return after
  return ok({
    direction: direction.value,
    limit: limit.value,
    maxBytes: MAX_PAGE_BYTES,
    start: start.value,
    end: end.value,
    until: until.value,
    after: after.value,
  })
}

function readUntil(query: URLSearchParams): Result<string | undefined> {
  const text = UNTIL.map((name) => query.get(name)).find((value) => value !== null)
  if (text === undefined || text === null) return ok(undefined)
  const position = positionOf(text)
  return isPosition(position) ? ok(position) : fail('history_gone')
}

const BASE64URL = /^[A-Za-z0-9_-]{1,8192}$/

/** Where the page before ended, as the list knows it. */
export function readCursor(query: URLSearchParams): Result<string | undefined> {
  const text = query.get(CURSOR)
  if (text === null) return ok(undefined)
  if (!BASE64URL.test(text)) return fail('parameter_invalid', 'the cursor is none of this list')
  return ok(Buffer.from(text, 'base64url').toString())
}

/** Text of base64url, because ably-go takes a path out of what stands in a link. */
function cursorText(key: string | undefined): string | undefined {
  return key === undefined ? undefined : Buffer.from(key).toString('base64url')
}

/** A page of a list. */
interface ListPage<T> extends Pick<Slice<T>, 'items' | 'next'> {
  /** About what the items take in memory; none, where most are small. */
  readonly bytes?: number
  /** Parameters for links that the request left open; none, where left out. */
  readonly fixed?: Readonly<Record<string, string>>
}

/** @param name last part of the list's path, such as `messages` */
export function listAnswer<T>(
  name: string,
  { query }: RestCall,
  { items, next, bytes = 0, fixed = {} }: ListPage<T>,
  toValue: (item: T) => unknown,
): RestAnswer {
  const isBounded = UNTIL.some((parameter) => query.has(parameter))
  const page = { items: LazyList.of(items, toValue), next: cursorText(next) }
  return { ...pageAnswer(name, query, page, isBounded ? {} : fixed), bytes }
}
