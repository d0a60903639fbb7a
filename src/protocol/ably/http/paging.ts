/** Paging of lists: parameters of requests, and links to other pages (TG1 to TG5). */
import { type Result, fail, ok } from '../../../failure.ts'
import { parseDate } from '../../../stats/interval.ts'
import type { LazyList } from '../wire/pieces.ts'
import type { RestAnswer } from './answer.ts'

export type Direction = 'backwards' | 'forwards'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** The query parameter with the end of the page before; each list makes its own values. */
export const CURSOR = 'cursor'

/**
 * Items of a page: 1 to 1000, by default 100.
 * @param isCapped whether more than that is taken for as many as there can be
 */
export function readLimit(query: URLSearchParams, isCapped = false): Result<number> {
  const text = query.get('limit')
  if (text === null) return ok(DEFAULT_LIMIT)
  const wanted = /^\d{1,9}$/.test(text) ? Number(text) : 0
  const limit = isCapped ? Math.min(wanted, MAX_LIMIT) : wanted
  return limit >= 1 && limit <= MAX_LIMIT
    ? ok(limit)
    : fail('parameter_invalid', `invalid limit: it is a number from 1 to ${MAX_LIMIT}`)
}

/** The newest come first by default (RSL2b2, RSP4b2, RSC6b2). */
export function readDirection(query: URLSearchParams): Result<Direction> {
  const text = query.get('direction') ?? 'backwards'
  return text === 'backwards' || text === 'forwards'
    ? ok(text)
    : fail('parameter_invalid', 'invalid direction: it is backwards or forwards')
}

/**
 * A moment in milliseconds since the epoch, which may also be given in the form of ISO 8601; undefined if the
 * request does not give that one.
 */
export function readTime(query: URLSearchParams, name: string): Result<number | undefined> {
  const text = query.get(name)
  if (text === null) return ok(undefined)
  const time = /^\d{1,15}$/.test(text) ? Number(text) : parseDate(text)
  return time === undefined
    ? fail('parameter_invalid', `invalid ${name}: it is a time in milliseconds or of ISO 8601`)
    : ok(time)
}

export interface PageOfList {
  readonly items: readonly unknown[] | LazyList
  /** The cursor of the next page in base64url; undefined for the last page. */
  readonly next: string | undefined
}

/**
 * The answer with a page and its links.
 * @param name last part of the list's path, such as `messages`: letters only, as SDKs look for it
 * @param fixed parameters that the request left open and all pages have to agree on, such as the `end` of
 *   a list that is growing
 */
export function pageAnswer(
  name: string,
  query: URLSearchParams,
  { items, next }: PageOfList,
  fixed: Readonly<Record<string, string>> = {},
): RestAnswer {
  const { current, first, onward } = linksOf(name, query, next, fixed)
  const link = [...onward, current, first, ...onward].join(', ')
  // ably-php finds the first page only in a header whose name ends with `Link` and has this link first.
  return { status: 200, value: items, headers: { link, 'X-First-Link': first } }
}

/** A parameter that makes links differ, and that this server ignores. */
const RELATION = 'page'

/** Not repeated in links: what differs by page, and secrets, which proxies may log. SDKs add credentials anew. */
const NOT_REPEATED = new Set([CURSOR, RELATION, 'key', 'access_token', 'accessToken', 'token'])

interface Links {
  readonly current: string
  readonly first: string
  /** To the next page, if there is one. */
  readonly onward: readonly string[]
}

/**
 * For one line, because Bun joins several. Of a line, ably-go reads the first link and ably-java the last, so both
 * are `next` where there is one. ably-rust takes everything from the first question mark to the last bracket for
 * the query: of a parameter that is there several times the first counts, and the last of each link, which runs
 * into the link after it, is one that nobody reads. SDKs use the query alone and on its own, so it repeats every
 * parameter; ably-js cuts the line at each comma and takes a `+` for itself.
 */
function linksOf(
  name: string,
  query: URLSearchParams,
  next: string | undefined,
  fixed: Readonly<Record<string, string>>,
): Links {
  const open = Object.entries({ limit: String(DEFAULT_LIMIT), ...fixed })
  const given = [...new Set(query.keys())].map((parameter) => [parameter, query.get(parameter)!])
  const repeated = [
    ...open.filter(([parameter]) => !query.has(parameter)),
    ...given.filter(([parameter]) => !NOT_REPEATED.has(parameter!)),
  ]
  const link = (relation: string, cursor: string | null | undefined) => {
    const after = cursor ? [[CURSOR, cursor]] : []
    const parameters = [...repeated, ...after, [RELATION, relation]]
    const text = parameters.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
    return `<./${name}?${text}>; rel="${relation}"`
  }
  return {
    current: link('current', query.get(CURSOR)),
    first: link('first', undefined),
    onward: next === undefined ? [] : [link('next', next)],
  }
}
