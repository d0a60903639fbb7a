/** Where a credential may stand in a request, and the text of an API key. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseApiKey, secretIndexOf } from '../../src/identity/api-key.ts'
import { type Credentials, findCredentials } from '../../src/identity/credentials.ts'
import { outcome, value } from './ably-apps.ts'

const b64 = (text: string) => Buffer.from(text).toString('base64')
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjF9.c2lnbmF0dXJl'

function find(headers: Record<string, string>, query = ''): Credentials {
  return value(findCredentials(new Headers(headers), new URLSearchParams(query)))
}

describe('the credential', () => {
  test.each([
    ['Basic', { authorization: `Basic ${b64('a.b:c')}` }, '', 'key', 'a.b:c'],
    ['the scheme in any case', { authorization: `basic ${b64('a.b:c')}` }, '', 'key', 'a.b:c'],
    [
      'Bearer with base64 of a token',
      { authorization: `Bearer ${b64('app.token')}` },
      '',
      'token',
      'app.token',
    ],
    ['Bearer with base64 of a JWT', { authorization: `Bearer ${b64(JWT)}` }, '', 'token', JWT],
    ['Bearer with a JWT', { authorization: `Bearer ${JWT}` }, '', 'token', JWT],
    ['Bearer with a token', { authorization: 'Bearer app.token' }, '', 'token', 'app.token'],
    [
      'Bearer with base64 of something else',
      { authorization: 'Bearer bWFkZTp1cA==' },
      '',
      'token',
      'bWFkZTp1cA==',
    ],
    ['key=', {}, 'key=a.b%3Ac', 'key', 'a.b:c'],
    ['access_token=', {}, `access_token=${JWT}`, 'token', JWT],
    ['accessToken=', {}, `accessToken=${JWT}`, 'token', JWT],
    ['token=', {}, `token=${JWT}`, 'token', JWT],
    ['a token before a key', {}, 'key=a.b:c&access_token=app.token', 'token', 'app.token'],
    [
      'a header before the query',
      { authorization: `Basic ${b64('a.b:c')}` },
      'access_token=x.y',
      'key',
      'a.b:c',
    ],
  ] as const)('%s', (_, headers, query, kind, text) => {
    expect(find(headers, query).credential).toEqual({ kind, text })
  })

  test('may be absent', () => {
    expect(find({}, 'rnd=1&v=3')).toEqual({ credential: undefined, clientId: undefined })
  })

  test.each([
    ['Basic without base64', 'Basic a.b:c', '400/40005'],
    ['another scheme', 'Digest abc', '401/40101'],
    ['an empty header', '', '401/40101'],
  ])('%s is refused', (_, authorization, expected) => {
    const found = findCredentials(new Headers({ authorization }), new URLSearchParams())
    expect(outcome(found)).toBe(expected)
  })
})

describe('the claimed client id', () => {
  test.each([
    ['header in base64', { 'x-ably-clientid': b64('zoë') }, '', 'zoë'],
    ['query as it is', {}, 'clientId=zo%C3%AB', 'zoë'],
    ['header before the query', { 'x-ably-clientid': b64('a') }, 'clientId=b', 'a'],
  ] as const)('%s', (_, headers, query, clientId) => {
    expect(find(headers, query).clientId).toBe(clientId)
  })

  test.each([
    ['not base64', { 'x-ably-clientid': 'a b' }, ''],
    ['not UTF-8', { 'x-ably-clientid': '/w==' }, ''],
    ['empty header', { 'x-ably-clientid': '' }, ''],
    ['empty parameter', {}, 'clientId='],
  ] as const)('%s is refused', (_, headers, query) => {
    const found = findCredentials(new Headers(headers), new URLSearchParams(query))
    expect(outcome(found)).toBe('400/40012')
  })
})

test('any header and query gives a value, never an exception', () => {
  const latin = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)),
  })
  const scheme = fc.constantFrom('Basic ', 'Bearer ', 'bearer', '')
  fc.assert(
    fc.property(scheme, latin, latin, fc.string({ unit: 'binary' }), (start, value1, id, query) => {
      const headers = new Headers({ authorization: start + value1, 'x-ably-clientid': id })
      for (const given of [headers, new Headers()]) {
        const found = findCredentials(given, new URLSearchParams(query))
        expect(typeof found.ok).toBe('boolean')
      }
    }),
  )
})

describe('an API key', () => {
  test.each(['a.b', 'a.:c', 'a.b:'])('is not %p', (text) => {
    expect(outcome(parseApiKey(text))).toBe('400/40005')
  })

  test.each(['', ':', 'a', 'a:b', '.b:c', 'ab:c.d'])('is not %p, which names no app', (text) => {
    expect(outcome(parseApiKey(text))).toBe('401/40101')
  })

  test('is split at the first colon, and its name at the first dot', () => {
    const parsed = value(parseApiKey('app.key.x:se:cret'))
    expect(parsed).toEqual({ appId: 'app', keyName: 'app.key.x', secret: 'se:cret' })
  })

  test.each([
    [['one', 'two'], 'one', 0],
    [['one', 'two'], 'two', 1],
    [['one', 'two'], 'onE', undefined],
    [['one'], 'ones', undefined],
    [['one'], '', undefined],
  ] as const)('with the secrets %p, %p is found at %p', (secrets, presented, place) => {
    expect(secretIndexOf(secrets, presented)).toBe(place)
  })
})
