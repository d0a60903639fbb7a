/** What a request wants of a list, and links that SDKs can follow. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Result } from '../../../../src/failure.ts'
import {
  pageAnswer,
  readDirection,
  readLimit,
  readTime,
} from '../../../../src/protocol/ably/http/paging.ts'

const asked = (text: string) => new URLSearchParams(text)
const valueOf = <T>(result: Result<T>): T | string =>
  result.ok ? result.value : result.failure.name

describe('parameters', () => {
  test.each([
    ['', 100],
    ['limit=1', 1],
    ['limit=1000', 1000],
    ['limit=0', 'parameter_invalid'],
    ['limit=1001', 'parameter_invalid'],
    ['limit=-1', 'parameter_invalid'],
    ['limit=1.5', 'parameter_invalid'],
    ['limit=', 'parameter_invalid'],
    ['limit=ten', 'parameter_invalid'],
    ['limit=1e2', 'parameter_invalid'],
    ['limit=99999999999999999999', 'parameter_invalid'],
  ])('%p: limit %p', (query, limit) => {
    expect(valueOf(readLimit(asked(query)))).toBe(limit)
  })

  test.each([
    ['', 'backwards'],
    ['direction=forwards', 'forwards'],
    ['direction=backwards', 'backwards'],
    ['direction=sideways', 'parameter_invalid'],
    ['direction=', 'parameter_invalid'],
  ])('%p: direction %p', (query, direction) => {
    expect(valueOf(readDirection(asked(query)))).toBe(direction)
  })

  test.each([
    ['', undefined],
    ['start=0', 0],
    ['start=1700000000000', 1_700_000_000_000],
    ['start=-1', 'parameter_invalid'],
    ['start=2026-11-22', 1_795_305_600_000],
    ['start=2026-11-22T20:10:00Z', 1_795_378_200_000],
    ['start=2026-11-22T20:10', 1_795_378_200_000],
    ['start=2026-11-22T22:10:00%2B02:00', 1_795_378_200_000],
    // A plus sign arrives as a space.
    ['start=2026-11-22T20:10:00+00:00', 1_795_378_200_000],
    ['start=2026-11-22T20:10:00.250-0000', 1_795_378_200_250],
    ['start=2026-13-22', 'parameter_invalid'],
    ['start=22.11.2026', 'parameter_invalid'],
    ['start=now', 'parameter_invalid'],
    ['start=', 'parameter_invalid'],
  ])('%p: start %p', (query, start) => {
    expect(valueOf(readTime(asked(query), 'start'))).toBe(start)
  })
})

/** The line of links of an answer. */
function pageLinks(
  name: string,
  query: URLSearchParams,
  next: string | undefined,
  fixed: Readonly<Record<string, string>> = {},
): string {
  return pageAnswer(name, query, { items: [], next }, fixed).headers!['link']!
}

describe('links', () => {
  const query = asked('limit=2&end=2020-02-03:15:05&cursor=abc_-1&x=a%2Cb%20c%2Bd')

  test('lead to the pages that exist, the next one first and last', () => {
    const repeated = 'limit=2&end=2020-02-03%3A15%3A05&x=a%2Cb%20c%2Bd'
    const next = `<./stats?${repeated}&cursor=def&page=next>; rel="next"`
    expect(pageLinks('stats', query, 'def')).toBe(
      [
        next,
        `<./stats?${repeated}&cursor=abc_-1&page=current>; rel="current"`,
        `<./stats?${repeated}&page=first>; rel="first"`,
        next,
      ].join(', '),
    )
    expect(pageLinks('stats', query, undefined)).not.toContain('rel="next"')
  })

  test('can be followed by readers that understand one link in a header', () => {
    const pages = [pageLinks('messages', query, 'def'), pageLinks('messages', query, undefined)]
    // As ably-java reads a line: from the first bracket to the last, then from the last question mark on.
    const last = (line: string) => {
      const [, address = '', relation] = /^\s*<(.*)>;\s*rel="(.*)"$/.exec(line) ?? []
      return [relation, new URLSearchParams(address.replace(/^.*\?/, '')).get('cursor')]
    }
    const first = (line: string) => /<([^>]+)>; rel="([^"]+)"/.exec(line)?.[2]
    expect(pages.map(last)).toEqual([
      ['next', 'def'],
      ['first', null],
    ])
    expect(pages.map(first)).toEqual(['next', 'current'])
  })

  test('can be followed by a reader that takes the whole header for one link', () => {
    // As ably-rust reads a line: from the first question mark to the last bracket.
    const whole = (line: string) => /^<[^?]+\?(.+)>;\s*rel="(\w+)"$/.exec(line) ?? []
    const [, text = '', relation] = whole(pageLinks('stats', query, 'def'))
    const asks = asked(text)
    expect(relation).toBe('next')
    expect(['limit', 'end', 'cursor', 'x'].map((name) => asks.get(name))).toEqual([
      '2',
      '2020-02-03:15:05',
      'def',
      'a,b c+d',
    ])
    expect(pageLinks('stats', asks, 'ghi')).toBe(
      pageLinks('stats', query, 'ghi').replaceAll('abc_-1', 'def'),
    )
  })

  test('give the first page in a header of its own, for ably-php', () => {
    for (const next of ['def', undefined]) {
      const { headers } = pageAnswer('stats', query, { items: [], next })
      // As ably-php reads all headers: what follows a name that ends so, up to the end of the first link.
      const text = Object.entries(headers!)
        .map((header) => header.join(': '))
        .join('\r\n')
      const found = [...text.matchAll(/Link: *<([^>]*)>; *rel="([^"]*)"/gi)].map((link) => link[2])
      expect(found).toEqual([next === undefined ? 'current' : 'next', 'first'])
    }
  })

  test('add defaults to the query and keep its parameters', () => {
    const fixed = { end: '77', start: '3' }
    const [current] = linksOf(pageLinks('stats', asked('start=5'), undefined, fixed)).values()
    expect(current?.params).toEqual({ start: '5', end: '77', limit: '100', page: 'current' })
  })

  test('contain no credentials', () => {
    const secrets = asked('key=a.b:c&access_token=t&accessToken=t&token=t&limit=1')
    const links = linksOf(pageLinks('stats', secrets, 'n'))
    expect(links.get('first')?.params).toEqual({ limit: '1', page: 'first' })
    expect(links.get('next')?.params).toEqual({ limit: '1', cursor: 'n', page: 'next' })
  })

  test('encode every parameter', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 })
    const name = text.filter(
      (word) => !['key', 'token', 'cursor', 'page', '__proto__'].includes(word),
    )
    fc.assert(
      fc.property(fc.dictionary(name, text), (params) => {
        const links = linksOf(pageLinks('stats', new URLSearchParams(params), 'next-page'))
        expect(links.get('next')?.path).toBe('./stats')
        expect(links.get('next')?.params).toEqual({
          limit: '100',
          ...params,
          cursor: 'next-page',
          page: 'next',
        })
      }),
    )
  })

  test('are one header of the answer', () => {
    const answer = pageAnswer('messages', asked(''), { items: [1], next: undefined }, { end: '9' })
    expect(answer).toMatchObject({ status: 200, value: [1] })
    expect(answer.headers?.['link']).toContain(
      '<./messages?limit=100&end=9&page=first>; rel="first"',
    )
  })
})

interface ParsedLink {
  readonly path: string
  readonly params: Record<string, string>
}

/** The strictest of the SDKs' ways to read them: at each comma a new link, percent-encoding and nothing else. */
function linksOf(header: string): Map<string, ParsedLink> {
  const links = new Map<string, ParsedLink>()
  for (const part of header.split(',')) {
    const [, address = '', relation = ''] = /^\s*<([^>]+)>;\s*rel="(\w+)"$/.exec(part) ?? []
    const [path = '', query = ''] = address.split('?')
    const pairs = query.split('&').map((pair) => pair.split('=').map(decodeURIComponent))
    links.set(relation, { path, params: Object.fromEntries(pairs) as Record<string, string> })
  }
  return links
}
