/** What a request wants of a list, and links that SDKs can follow. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Result } from '../../../../src/failure.ts'
import {
  pageAnswer,
  pageLinks,
  readDirection,
  readLimit,
  readTime,
} from '../../../../src/protocol/ably/rest/paging.ts'

const asked = (text: string) => new URLSearchParams(text)
const valueOf = <T>(result: Result<T>): T | string =>
  result.ok ? result.value : result.failure.name

describe('what is asked', () => {
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
    ['start=2020-01-01', 'parameter_invalid'],
    ['start=', 'parameter_invalid'],
  ])('%p: start %p', (query, start) => {
    expect(valueOf(readTime(asked(query), 'start'))).toBe(start)
  })
})

describe('links', () => {
  const query = asked('limit=2&end=2020-02-03:15:05&cursor=abc_-1&x=a%2Cb%20c%2Bd')

  test('lead to the pages there are, the next one first and last', () => {
    const next = '<./stats?limit=2&end=2020-02-03%3A15%3A05&x=a%2Cb%20c%2Bd&cursor=def>; rel="next"'
    expect(pageLinks('stats', query, 'def')).toBe(
      [
        next,
        '<./stats?limit=2&end=2020-02-03%3A15%3A05&x=a%2Cb%20c%2Bd&cursor=abc_-1>; rel="current"',
        '<./stats?limit=2&end=2020-02-03%3A15%3A05&x=a%2Cb%20c%2Bd>; rel="first"',
        next,
      ].join(', '),
    )
    expect(pageLinks('stats', query, undefined)).not.toContain('rel="next"')
  })

  test('can be followed by readers that know but one link in a line', () => {
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

  test('settle what the request left open, and keep what it said', () => {
    const fixed = { end: '77', start: '3' }
    const [current] = linksOf(pageLinks('stats', asked('start=5'), undefined, fixed)).values()
    expect(current?.params).toEqual({ start: '5', end: '77', limit: '100' })
  })

  test('hold no credentials', () => {
    const secrets = asked('key=a.b:c&access_token=t&accessToken=t&token=t&limit=1')
    const links = linksOf(pageLinks('stats', secrets, 'n'))
    expect(links.get('first')?.params).toEqual({ limit: '1' })
    expect(links.get('next')?.params).toEqual({ limit: '1', cursor: 'n' })
  })

  test('give back every parameter, whatever it holds', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 })
    const name = text.filter((word) => !['key', 'token', 'cursor', '__proto__'].includes(word))
    fc.assert(
      fc.property(fc.dictionary(name, text), (params) => {
        const links = linksOf(pageLinks('stats', new URLSearchParams(params), 'next-page'))
        expect(links.get('next')?.path).toBe('./stats')
        expect(links.get('next')?.params).toEqual({ limit: '100', ...params, cursor: 'next-page' })
      }),
    )
  })

  test('stand in one header of the answer', () => {
    const answer = pageAnswer('messages', asked(''), { items: [1], next: undefined }, { end: '9' })
    expect(answer).toMatchObject({ status: 200, value: [1] })
    expect(answer.headers?.['link']).toContain('<./messages?limit=100&end=9>; rel="first"')
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
