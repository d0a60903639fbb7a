/** Pages of lists: what a request wants of one, and the links to the others (TG1 to TG5). */
import { type Result, fail, ok } from '../../../failure.ts'
import type { RestAnswer } from './answer.ts'

export type Direction = 'backwards' | 'forwards'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** The query parameter that says where the page before ended. Its value is made by the list it belongs to. */
export const CURSOR = 'cursor'

/**
 * How many items a page may have: 1 to 1000, 100 if the request does not say.
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

/** The newest come first if the request does not say (RSL2b2, RSP4b2, RSC6b2). */
export function readDirection(query: URLSearchParams): Result<Direction> {
  const text = query.get('direction') ?? 'backwards'
  return text === 'backwards' || text === 'forwards'
    ? ok(text)
    : fail('parameter_invalid', 'invalid direction: it is backwards or forwards')
}

/** A moment in milliseconds since the epoch; undefined if the request does not give that one. */
export function readTime(query: URLSearchParams, name: string): Result<number | undefined> {
  const text = query.get(name)
  if (text === null) return ok(undefined)
  return /^\d{1,15}$/.test(text)
    ? ok(Number(text))
    : fail('parameter_invalid', `invalid ${name}: it is a time in milliseconds`)
}

export interface PageOfList {
  readonly items: readonly unknown[]
  /** Cursor of the page after this one, as text of base64url; undefined where this is the last. */
  readonly next: string | undefined
}

/**
 * The answer that holds a page.
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
  return { status: 200, value: items, headers: { link: pageLinks(name, query, next, fixed) } }
}

/** Each page's own, and whatever would put a secret where proxies may log it; SDKs send theirs anew. */
const NOT_REPEATED = new Set([CURSOR, 'key', 'access_token', 'accessToken', 'token'])

/**
 * One line, because Bun joins several. Of a line, ably-go reads the first link and ably-java the last, so both
 * are `next` where there is one. SDKs use the query alone and on its own, so it repeats every parameter;
 * ably-js cuts the line at each comma and takes a `+` for itself.
 */
export function pageLinks(
  name: string,
  query: URLSearchParams,
  next: string | undefined,
  fixed: Readonly<Record<string, string>> = {},
): string {
  const repeated = Object.entries({ limit: String(DEFAULT_LIMIT), ...fixed })
    .filter(([parameter]) => !query.has(parameter))
    .concat([...query].filter(([parameter]) => !NOT_REPEATED.has(parameter)))
  const link = (relation: string, cursor: string | null | undefined) => {
    const parameters = cursor ? [...repeated, [CURSOR, cursor]] : repeated
    const text = parameters.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
    return `<./${name}?${text}>; rel="${relation}"`
  }
  const links = [link('current', query.get(CURSOR)), link('first', undefined)]
  if (next === undefined) return links.join(', ')
  const onward = link('next', next)
  return [onward, ...links, onward].join(', ')
}
