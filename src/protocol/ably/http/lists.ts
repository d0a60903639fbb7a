/** Lists of stored messages and presence: reads which page a request asks for, and makes its answer (RSL2, RSP4). */
import type { Page, Slice } from '../../../core/history/history.ts'
import { LazyList } from '../wire/pieces.ts'
import type { FairTurns } from '../../../core/time/fair-turns.ts'
import { isPosition, positionOf } from '../../../core/channel/position.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import type { RestAnswer } from './answer.ts'
import { CURSOR, type Direction, pageAnswer, readDirection, readLimit, readTime } from './paging.ts'
import type { RestCall } from './router.ts'

/** The largest contents of a page in bytes. A page ends early at this size, with a link to the next. */
export const MAX_PAGE_BYTES = 2_097_152

/** Reads a page as one piece of fairly shared work, so that many long reads do not block the event loop. */
export function readInTurn<T>(turns: FairTurns, read: () => Slice<T>): Promise<Slice<T>> {
  return turns.once(read, ({ bytes }) => bytes)
}

/** ably-js sends the first name of this parameter, ably-go the second. */
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

/** The cursor of a request: where the page before it ended. */
export function readCursor(query: URLSearchParams): Result<string | undefined> {
  const text = query.get(CURSOR)
  if (text === null) return ok(undefined)
  if (!BASE64URL.test(text)) return fail('parameter_invalid', 'the cursor is none of this list')
  return ok(Buffer.from(text, 'base64url').toString())
}

/** In base64url, because ably-go would take a path out of other characters in a link. */
function cursorText(key: string | undefined): string | undefined {
  return key === undefined ? undefined : Buffer.from(key).toString('base64url')
}

/** A page of a list. */
interface ListPage<T> extends Pick<Slice<T>, 'items' | 'next'> {
  /** The size of the items in memory, roughly; left out for small ones. */
  readonly bytes?: number
  /** Query parameters that links need in addition to those of the request. */
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
