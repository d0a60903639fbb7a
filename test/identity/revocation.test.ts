/** Revoking tokens: the request, who may send it, which tokens it concerns, and from when on. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type Revocation, RevocationList } from '../../src/identity/revocation.ts'
import {
  readRevocationRequest,
  refusalToRevoke,
  revocationsOf,
} from '../../src/identity/revocation-request.ts'
import { AblyApps, SECRET, START, codeOf, jwt, outcome, value } from './ably-apps.ts'

const HOUR = 3_600_000

let apps: AblyApps
beforeAll(() => (apps = new AblyApps()))
afterAll(() => apps.close())
afterEach(() => {
  apps.now = START
  apps.directory.revocations.replace('app1', [])
})

function revoke(body: object, keyId = 'revocable'): void {
  const request = value(readRevocationRequest(body, apps.now))
  for (const revocation of revocationsOf(request, { id: keyId }))
    apps.directory.revocations.add('app1', revocation)
}

describe('the request', () => {
  test('keeps the order of its targets and continues after a wrong one', () => {
    const targets = ['clientId:a:b', 'invalidType:abc', 'channel:news', 'revocationKey:', 'nothing']
    const request = value(readRevocationRequest({ targets }, START))
    expect(request.targets.map(({ text }) => text)).toEqual(targets)
    expect(
      request.targets.map(({ target }) => (target.ok ? target.value : codeOf(target.failure))),
    ).toEqual([
      { kind: 'clientId', value: 'a:b' },
      '400/40003',
      { kind: 'channel', value: 'news' },
      '400/40003',
      '400/40003',
    ])
    expect([request.issuedBefore, request.appliesAt]).toEqual([START, START])
    const moments = { issuedBefore: START, appliesAt: START, expiresAt: START + 24 * HOUR }
    expect(revocationsOf(request, { id: 'k' })).toEqual([
      { kind: 'clientId', value: 'a:b', keyId: 'k', ...moments },
      { kind: 'channel', value: 'news', keyId: 'k', ...moments },
    ])
  })

  test('has a margin of more than thirty seconds', () => {
    const body = { targets: ['clientId:a'], allowReauthMargin: true }
    expect(value(readRevocationRequest(body, START)).appliesAt).toBeGreaterThan(START + 30_000)
  })

  const targets = ['clientId:a']
  test.each([
    ['a moment ago', { targets, issuedBefore: START - HOUR / 3 }, 'ok'],
    ['an hour ago', { targets, issuedBefore: START - HOUR }, 'ok'],
    ['longer ago', { targets, issuedBefore: START - HOUR - 1 }, '400/40003'],
    ['in the future', { targets, issuedBefore: START + 1 }, '400/40003'],
    ['at no number', { targets, issuedBefore: 'now' }, '400/40003'],
    ['at null', { targets, issuedBefore: null }, 'ok'],
    ['with a margin of text', { targets, allowReauthMargin: 'yes' }, '400/40003'],
    ['without targets', {}, '400/40003'],
    ['with no target', { targets: [] }, '400/40003'],
    ['with 100', { targets: Array(100).fill('clientId:a') }, 'ok'],
    ['with 101', { targets: Array(101).fill('clientId:a') }, '400/40003'],
    ['with a number among them', { targets: ['clientId:a', 1] }, '400/40003'],
    ['as a list', [], '400/40000'],
    ['as null', null, '400/40000'],
  ])('%s', (_, body, expected) => {
    expect(outcome(readRevocationRequest(body, START))).toBe(expected)
  })

  test.each([
    ['the key itself', `app1.revocable:${SECRET}`, 'app1.revocable', undefined],
    ['another key', `app1.root:${SECRET}`, 'app1.revocable', '401/40133'],
    ['a key without revocable tokens', `app1.root:${SECRET}`, 'app1.root', '401/40163'],
    ['a token', undefined, 'app1.revocable', '401/40162'],
  ])('with %s', async (_, keyText, of, expected) => {
    const { token } = apps.issue('app1.revocable')
    const found = await (keyText ? apps.withKey(keyText) : apps.withToken(token))
    const refusal = refusalToRevoke(value(found), apps.key(of))
    expect(refusal && codeOf(refusal)).toBe(expected)
  })
})

describe('a token', () => {
  const make = (clientId?: string, capability?: string) =>
    apps.issue('app1.revocable', { clientId, capability }).token

  test.each([
    ['its client id', 'ann', undefined, 'clientId:ann', true],
    ['another client id', 'ann', undefined, 'clientId:an', false],
    ['its wildcard', '*', undefined, 'clientId:*', true],
    ['a client id it may take', '*', undefined, 'clientId:ann', false],
    [
      'a name in its capability',
      undefined,
      '{"news":["publish"],"x:*":["publish"]}',
      'channel:x:*',
      true,
    ],
    [
      'a channel that its capability covers',
      undefined,
      '{"x:*":["publish"]}',
      'channel:x:y',
      false,
    ],
    ['a revocation key, which only a JWT has', undefined, undefined, 'revocationKey:group', false],
  ])('revoked by %s', async (_, clientId, capability, target, expected) => {
    const token = make(clientId, capability)
    expect(outcome(await apps.withToken(token))).toBe('ok')
    apps.now += 1
    revoke({ targets: [target] })
    expect(outcome(await apps.withToken(token))).toBe(expected ? '401/40141' : 'ok')
  })

  test('a JWT is revoked by its revocation key or by a resource', async () => {
    const claims = { 'x-ably-revocation-key': 'group', 'x-ably-capability': '{"*":["publish"]}' }
    const text = await jwt(claims, { kid: 'app1.narrow' })
    for (const target of ['revocationKey:group', 'channel:*']) {
      apps.now = START + 1
      revoke({ targets: [target] }, 'narrow')
      expect(outcome(await apps.withToken(text))).toBe('401/40141')
      apps.directory.revocations.replace('app1', [])
      expect(outcome(await apps.withToken(text))).toBe('ok')
    }
  })

  test('issued later stays valid', async () => {
    const before = make('ann')
    apps.now += 1
    revoke({ targets: ['clientId:ann'] })
    const after = make('ann')
    expect(outcome(await apps.withToken(before))).toBe('401/40141')
    expect(outcome(await apps.withToken(after))).toBe('ok')
  })

  test('of another key or app stays valid', async () => {
    const others = [
      apps.issue('app1.root', { clientId: 'ann' }),
      apps.issue('app2.lone', { clientId: 'ann' }),
    ]
    apps.now += 1
    revoke({ targets: ['clientId:ann'] })
    for (const { token } of others) expect(outcome(await apps.withToken(token))).toBe('ok')
    const key = await apps.withKey(`app1.revocable:${SECRET}`, 'ann')
    expect(outcome(key)).toBe('ok')
  })

  test('with a margin stays valid until then, and its end is known', async () => {
    const token = make('ann')
    apps.now += 1
    revoke({ targets: ['clientId:ann'], allowReauthMargin: true })
    const principal = value(await apps.withToken(token))
    const from = apps.directory.revocations.revokedFrom(principal)
    expect(from).toBe(START + 30_002)
    apps.now = from! - 1
    expect(outcome(await apps.withToken(token))).toBe('ok')
    apps.now = from!
    expect(outcome(await apps.withToken(token))).toBe('401/40141')
  })
})

describe('the list', () => {
  const target = { kind: 'clientId', value: 'ann' } as const
  const token = { appId: 'a', keyId: 'k', tokenClientId: 'ann' }

  test('a later revocation with a margin does not revive a token', () => {
    const list = new RevocationList()
    list.add('a', { ...target, issuedBefore: 10, appliesAt: 10 })
    list.add('a', { ...target, issuedBefore: 20, appliesAt: 50 })
    expect(list.revokedFrom({ ...token, issued: 5 })).toBe(10)
    expect(list.revokedFrom({ ...token, issued: 15 })).toBe(50)
    expect(list.revokedFrom({ ...token, issued: 20 })).toBeUndefined()
  })

  const one: Revocation = { ...target, keyId: 'k', issuedBefore: 10, appliesAt: 10 }
  test.each([
    ['one of a key beside one of the app', [one, { ...one, keyId: null, issuedBefore: 5 }]],
    ['the same in the other order', [{ ...one, keyId: null, issuedBefore: 5 }, one]],
  ])('%s: each applies to its own tokens', (_, revocations) => {
    const list = new RevocationList()
    list.replace('a', revocations)
    expect(list.isRevoked({ ...token, issued: 7 }, 100)).toBe(true)
    expect(list.isRevoked({ ...token, keyId: 'other', issued: 7 }, 100)).toBe(false)
    expect(list.isRevoked({ ...token, keyId: 'other', issued: 4 }, 100)).toBe(true)
    list.replace('a', [])
    expect(list.isRevoked({ ...token, issued: 4 }, 100)).toBe(false)
  })
})
