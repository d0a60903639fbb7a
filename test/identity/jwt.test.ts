/** JWTs, made with a library and by hand: every claim, and every refusal. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { EncryptJWT, UnsecuredJWT } from 'jose'
import { MAX_PATTERNS } from '../../src/policy/capability/bounds.ts'
import { canonicalText } from '../../src/policy/capability/capability.ts'
import { alikePatterns } from '../support/alike-patterns.ts'
import {
  AblyApps,
  OLD_SECRET,
  SECRET,
  START,
  handmadeJwt,
  jwt,
  outcome,
  value,
} from './ably-apps.ts'

const SECONDS = START / 1000
const HOUR = 3600
const DAY = 24 * HOUR

let apps: AblyApps
beforeAll(() => (apps = new AblyApps()))
afterAll(() => apps.close())

describe('the claims', () => {
  test('are all read', async () => {
    const text = await jwt({
      'x-ably-capability': '{"b":["subscribe","publish"],"a":["*"]}',
      'x-ably-clientId': 'ann',
      'x-ably-revocation-key': 'group',
      'ably.channel.news:*': 'editor',
      'ably.limits.publish.perAttachment.maxRate.news:*': 10,
      'something-else': { whatever: true },
    })
    const principal = value(await apps.withToken(text))
    expect(principal).toMatchObject({
      method: 'jwt',
      appId: 'app1',
      keyId: 'root',
      clientId: 'ann',
      tokenClientId: 'ann',
      mayAssumeClientId: false,
      issued: START,
      expires: START + HOUR * 1000,
      revocationKey: 'group',
    })
    expect(canonicalText(principal.capability)).toBe('{"a":["*"],"b":["publish","subscribe"]}')
    expect(principal.userClaims.for('news:x')).toBe('editor')
    expect(principal.userClaims.for('x')).toBeUndefined()
    expect(principal.publishRates.for('news:x')).toBe(10)
  })

  test('may have the capability as an object', async () => {
    const text = await jwt({ 'x-ably-capability': { b: ['subscribe', 'publish'], a: ['*'] } })
    const { capability } = value(await apps.withToken(text))
    expect(canonicalText(capability)).toBe('{"a":["*"],"b":["publish","subscribe"]}')
  })

  test('without a capability give that of the key', async () => {
    const principal = value(await apps.withToken(await jwt({}, { kid: 'app1.narrow' })))
    expect(canonicalText(principal.capability)).toBe(
      '{"news:*":["publish","subscribe"],"status":["history"]}',
    )
    expect(principal.clientId).toBeUndefined()
    expect(principal.mayAssumeClientId).toBe(false)
  })

  test('never permit more than the key', async () => {
    const text = await jwt(
      { 'x-ably-capability': '{"*":["publish","presence"]}' },
      { kid: 'app1.narrow' },
    )
    const { capability } = value(await apps.withToken(text))
    expect(canonicalText(capability)).toBe('{"news:*":["publish"]}')
  })

  test('with a wildcard client id take it from the request', async () => {
    const text = await jwt({ 'x-ably-clientId': '*' })
    expect(value(await apps.withToken(text, 'bob')).clientId).toBe('bob')
    expect(value(await apps.withToken(text)).mayAssumeClientId).toBe(true)
  })

  test.each([
    ['iat is missing', { iat: undefined }, '400/40144'],
    ['exp is missing', { exp: undefined }, '400/40144'],
    ['iat is text', { iat: '1' }, '400/40144'],
    ['exp is null', { exp: null }, '400/40144'],
    ['expired', { iat: SECONDS - HOUR, exp: SECONDS }, '401/40142'],
    ['not valid yet', { nbf: SECONDS + HOUR }, '400/40144'],
    ['valid for a day', { exp: SECONDS + DAY }, 'ok'],
    ['valid for longer', { exp: SECONDS + DAY + 1 }, '400/40003'],
    ['issued by a clock that is ahead', { iat: SECONDS + 60, exp: SECONDS + 60 + DAY }, 'ok'],
    ['issued years ahead', { iat: SECONDS + 400 * DAY, exp: SECONDS + 400 * DAY + 9 }, '400/40003'],
    ['capability a list', { 'x-ably-capability': ['a'] }, '400/40000'],
    ['capability a number', { 'x-ably-capability': 5 }, '400/40144'],
    ['an object of what is none', { 'x-ably-capability': { a: '*' } }, '400/40000'],
    ['capability not JSON', { 'x-ably-capability': '{' }, '400/40000'],
    ['unknown operation', { 'x-ably-capability': '{"a":["publish_"]}' }, '400/40000'],
    ['client id a number', { 'x-ably-clientId': 1 }, '400/40012'],
    ['client id empty', { 'x-ably-clientId': '' }, '400/40012'],
    ['client id null', { 'x-ably-clientId': null }, 'ok'],
    ['revocation key a number', { 'x-ably-revocation-key': 1 }, '400/40144'],
    ['user claim a number', { 'ably.channel.*': 1 }, '400/40144'],
    ['rate a text', { 'ably.limits.publish.perAttachment.maxRate.*': '1' }, '400/40144'],
    ['rate below zero', { 'ably.limits.publish.perAttachment.maxRate.*': -1 }, '400/40144'],
    ['a token to carry that is none', { 'x-ably-token': 5 }, '401/40144'],
  ])('%s', async (_, claims, expected) => {
    expect(outcome(await apps.withToken(await jwt(claims)))).toBe(expected)
  })

  test('have a bounded number of claims about channels', async () => {
    const rooms = (count: number) => Array.from({ length: count }, (_, i) => `room${i}:*`)
    for (const about of ['ably.channel.', 'ably.room.']) {
      const some = await jwt(claimsAbout(about, rooms(MAX_PATTERNS), 'x'))
      const one = await jwt(claimsAbout(about, rooms(MAX_PATTERNS + 1), 'x'))
      expect(outcome(await apps.withToken(some))).toBe('ok')
      expect(outcome(await apps.withToken(one))).toBe('400/40144')
    }
  })

  test('about channels are refused if one name could match too many', async () => {
    const about = 'ably.limits.publish.perAttachment.maxRate.'
    const few = await jwt(claimsAbout(about, alikePatterns(6), 1))
    const many = await jwt(claimsAbout(about, alikePatterns(9), 1))
    expect(outcome(await apps.withToken(few))).toBe('ok')
    expect(outcome(await apps.withToken(many))).toBe('400/40144')
  })

  test('are refused if nothing of the capability is left', async () => {
    const text = await jwt({ 'x-ably-capability': '{"x":["*"]}' }, { kid: 'app1.narrow' })
    expect(outcome(await apps.withToken(text))).toBe('401/40160')
  })

  test('of a key with revocable tokens last at most an hour', async () => {
    const header = { kid: 'app1.revocable' }
    const hour = await jwt({ exp: SECONDS + HOUR }, header)
    const longer = await jwt({ exp: SECONDS + HOUR + 1 }, header)
    expect(outcome(await apps.withToken(hour))).toBe('ok')
    expect(outcome(await apps.withToken(longer))).toBe('400/40003')
  })

  test('expire also for a token that was accepted before', async () => {
    const text = await jwt({ exp: SECONDS + 5 })
    expect(outcome(await apps.withToken(text))).toBe('ok')
    apps.now = START + 5000
    const results = [await apps.withToken(text), await apps.withToken(text)]
    apps.now = START
    expect(results.map(outcome)).toEqual(['401/40142', '401/40142'])
    for (const result of results) {
      if (!result.ok) expect(result.failure.message).toContain('token expired')
    }
  })
})

function claimsAbout(prefix: string, patterns: readonly string[], claim: unknown) {
  return Object.fromEntries(patterns.map((pattern) => [prefix + pattern, claim]))
}

describe('the signature', () => {
  test.each(['HS256', 'HS384', 'HS512'])('%s is accepted', async (alg) => {
    expect(outcome(await apps.withToken(await jwt({}, { alg })))).toBe('ok')
  })

  test('with the old secret is accepted until that is retired', async () => {
    const text = await jwt({}, { kid: 'app1.rotated' }, OLD_SECRET)
    apps.uses.length = 0
    expect(outcome(await apps.withToken(text))).toBe('ok')
    expect(outcome(await apps.withToken(text))).toBe('ok')
    expect(apps.uses).toEqual(['app1.rotated 1', 'app1.rotated 1'])
    const oldSecret = Buffer.from(apps.key('app1.rotated').sealedSecrets[1]!)
    apps.changeKey('app1', 'rotated', { oldSecret: null })
    const result = await apps.withToken(text)
    apps.changeKey('app1', 'rotated', { oldSecret })
    expect(outcome(result)).toBe('401/40144')
  })

  test('of a revoked key is not accepted', async () => {
    expect(outcome(await apps.withToken(await jwt({}, { kid: 'app1.gone' })))).toBe('401/40131')
  })

  test('with a wrong secret is refused in the words that SDKs look for', async () => {
    const result = await apps.withToken(await jwt({}, {}, 'another secret'))
    expect(outcome(result)).toBe('401/40144')
    if (result.ok) return
    expect(result.failure.message).toContain('invalid JWT format')
    expect(result.failure.message).toContain('signature verification failed')
  })

  const unsigned = () =>
    new UnsecuredJWT({ iat: SECONDS, exp: SECONDS + 60 })
      .encode()
      .replace(/^[^.]*/, encode({ alg: 'none', kid: 'app1.root' }))
  const encode = (value1: object) => Buffer.from(JSON.stringify(value1)).toString('base64url')
  test.each([
    ['no algorithm', unsigned, '401/40144'],
    ['an unknown app', () => jwt({}, { kid: 'invalid.invalid' }), '404/40400'],
    ['an unknown key', () => jwt({}, { kid: 'app1.invalid' }), '404/40400'],
    ['no key', () => jwt({}, { kid: undefined }), '401/40144'],
    [
      'a demand that is not understood',
      async () => handmade({ crit: ['b64'], b64: false }),
      '401/40144',
    ],
    ['an algorithm that is none of ours', async () => handmade({ alg: 'HS1' }), '401/40144'],
    [
      'an algorithm named like a member of every object',
      async () => handmade({ alg: 'constructor' }),
      '401/40144',
    ],
    ['a header that is no object', async () => `${encode([])}.${encode({})}.c2ln`, '401/40144'],
    ['three parts of nothing', async () => 'a.b.c', '401/40144'],
    ['three empty parts', async () => '..', '401/40144'],
    ['five parts that carry nothing', async () => `${encode({ alg: 'dir' })}.a.b.c.d`, '401/40144'],
    ['no signature', async () => (await jwt()).replace(/[^.]*$/, ''), '401/40144'],
    ['a cut signature', async () => (await jwt()).slice(0, -4), '401/40144'],
  ])('%s', async (_, make, expected) => {
    expect(outcome(await apps.withToken(await make()))).toBe(expected)
  })

  const handmade = (header: object, secret = SECRET) =>
    handmadeJwt(
      { alg: 'HS256', kid: 'app1.root', ...header },
      { iat: SECONDS, exp: SECONDS + 60 },
      (text) => Buffer.from(text).toString('base64url'),
      secret,
    )
})

describe('base64 of hand-written code', () => {
  const claims = { iat: SECONDS, exp: SECONDS + 60, 'x-ably-clientId': '???>>>~~~ÿ' }
  const padded = (text: string) => Buffer.from(text).toString('base64')
  test('is read in either alphabet, padded or not', async () => {
    const header = { alg: 'HS256', kid: 'app1.root' }
    const text = handmadeJwt(header, claims, padded)
    expect(text.split('.').slice(0, 2).join('')).toMatch(/[+/].*=|=.*[+/]/)
    expect(value(await apps.withToken(text)).clientId).toBe(claims['x-ably-clientId'])
    const unpadded = handmadeJwt(header, claims, (part) => padded(part).replace(/=+$/, ''))
    expect(outcome(await apps.withToken(unpadded))).toBe('ok')
    const wrong = handmadeJwt(header, claims, padded, 'another secret')
    expect(outcome(await apps.withToken(wrong))).toBe('401/40144')
  })
})

describe('a token inside a token', () => {
  const outer = new TextEncoder().encode('an outer secret of nobody here')
  const sealed = (embedded: string, exp?: number) =>
    new EncryptJWT(exp === undefined ? {} : { exp })
      .setProtectedHeader({ alg: 'dir', enc: 'A128GCM', 'x-ably-token': embedded })
      .encrypt(outer.slice(0, 16))
  const signed = (header: object, claims: Record<string, unknown> = {}) =>
    jwt(
      { iat: undefined, exp: undefined, ...claims },
      { kid: undefined, ...header },
      'unknown here',
    )

  test('in a header, in a claim or encrypted is the one that counts', async () => {
    const inner = apps.issue('app1.narrow', { clientId: 'ann', ttl: 5000 })
    const texts = [
      await signed({ 'x-ably-token': inner.token }),
      await signed({}, { 'x-ably-token': inner.token }),
      await sealed(inner.token),
    ]
    for (const text of texts) {
      const principal = value(await apps.withToken(text))
      expect(principal).toMatchObject({ method: 'token', keyId: 'narrow', clientId: 'ann' })
      expect(principal.expires).toBe(inner.expires)
    }
  })

  test('may be a JWT', async () => {
    const text = await signed({ 'x-ably-token': await jwt({ 'x-ably-clientId': 'ann' }) })
    expect(value(await apps.withToken(text))).toMatchObject({ method: 'jwt', clientId: 'ann' })
  })

  test('may have its encrypted header in ordinary base64', async () => {
    const { token } = apps.issue('app1.root')
    const header = Buffer.from(JSON.stringify({ alg: 'dir', x: '??>', 'x-ably-token': token }))
    const text = `${header.toString('base64')}..aXY.Y2lwaGVy.dGFn`
    expect(outcome(await apps.withToken(text))).toBe('ok')
  })

  test('cannot be prolonged by the outer one, only shortened', async () => {
    const inner = apps.issue('app1.root', { ttl: 5000 })
    const header = { 'x-ably-token': inner.token }
    const expires = async (exp: number) =>
      value(await apps.withToken(await signed(header, { exp }))).expires
    expect(await expires(SECONDS + DAY)).toBe(inner.expires)
    expect(await expires(SECONDS + 2)).toBe(START + 2000)
    expect(outcome(await apps.withToken(await signed(header, { exp: SECONDS })))).toBe('401/40142')
  })

  test('is refused like a token by itself', async () => {
    const { token } = apps.issue('app1.root')
    const cut = await signed({ 'x-ably-token': `${token.slice(0, -8)}AAAAAAAA` })
    expect(outcome(await apps.withToken(cut))).toBe('401/40143')
    const key = await signed({ 'x-ably-token': `app1.root:${SECRET}` })
    expect(outcome(await apps.withToken(key))).toBe('400/40005')
  })

  test('is refused three levels deep', async () => {
    let text = await jwt()
    text = await signed({ 'x-ably-token': text })
    expect(outcome(await apps.withToken(text))).toBe('ok')
    text = await signed({ 'x-ably-token': text })
    expect(outcome(await apps.withToken(text))).toBe('401/40144')
  })
})
