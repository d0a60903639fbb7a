/** Keys and native tokens: the identity that they give, and every refusal. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { canonicalText } from '../../src/policy/capability/capability.ts'
import { AblyApps, OLD_SECRET, SECRET, START, outcome, value } from './ably-apps.ts'

let apps: AblyApps
beforeAll(() => (apps = new AblyApps()))
afterAll(() => apps.close())

describe('a key', () => {
  test.each([
    ['right', `app1.root:${SECRET}`, 'ok'],
    ['with the old secret', `app1.rotated:${OLD_SECRET}`, 'ok'],
    ['no key at all', 'nothing', '401/40101'],
    ['without its secret', 'app1.root', '400/40005'],
    ['with a wrong secret', 'app1.root:wrong', '401/40101'],
    ['with the old secret of another key', `app1.root:${OLD_SECRET}`, '401/40101'],
    ['of an unknown app', 'this.is:wrong', '401/40101'],
    ['unknown in a known app', `app1.other:${SECRET}`, '401/40400'],
    ['named like a member of every object', `app1.constructor:${SECRET}`, '401/40400'],
    ['revoked', `app1.gone:${SECRET}`, '401/40131'],
    ['revoked, with a wrong secret', 'app1.gone:wrong', '401/40101'],
  ])('%s', async (_, text, expected) => {
    const result = await apps.withKey(text)
    expect(outcome(result)).toBe(expected)
    if (!result.ok) expect(result.failure.message).not.toContain(SECRET)
  })

  test('notes which secret was used, and only when it was right', async () => {
    apps.uses.length = 0
    await apps.withKey(`app1.rotated:${SECRET}`)
    await apps.withKey(`app1.rotated:${OLD_SECRET}`)
    await apps.withKey('app1.rotated:wrong')
    expect(apps.uses).toEqual(['app1.rotated 0', 'app1.rotated 1'])
  })

  test('gives its capability, and no claims of a token', async () => {
    const principal = value(await apps.withKey(`app1.narrow:${SECRET}`))
    expect(principal).toMatchObject({
      kind: 'app',
      appId: 'app1',
      keyId: 'narrow',
      method: 'basic',
    })
    expect(canonicalText(principal.capability)).toBe(
      '{"news:*":["publish","subscribe"],"status":["history"]}',
    )
    expect(principal.checker.permits('news:uk', 'publish')).toBe(true)
    expect([principal.issued, principal.expires]).toEqual([undefined, undefined])
  })

  test('is answered without a promise', () => {
    const credential = { kind: 'key', text: `app1.root:${SECRET}` } as const
    const answer = apps.authenticator.authenticate(
      { credential, clientId: undefined },
      { secure: false, origin: null },
    )
    expect(answer).not.toBeInstanceOf(Promise)
  })

  test('a missing credential is refused', async () => {
    expect(outcome(await apps.authenticate(undefined))).toBe('401/40101')
  })
})

describe('a native token', () => {
  test('has client id and capability, and is unique', async () => {
    const first = apps.issue('app1.narrow', { clientId: 'ann', ttl: 5000 })
    expect(first.token).toStartWith('app1.')
    expect(first.token).not.toContain(':')
    expect(apps.issue('app1.narrow', { clientId: 'ann', ttl: 5000 }).token).not.toBe(first.token)
    const principal = value(await apps.withToken(first.token))
    expect(principal).toMatchObject({
      method: 'token',
      appId: 'app1',
      keyId: 'narrow',
      clientId: 'ann',
      issued: START,
      expires: START + 5000,
      tokenResources: ['news:*', 'status'],
    })
  })

  const body = (text: string) => `app1.${Buffer.from(text).toString('base64url')}`
  test.each([
    ['made up', 'made:up', '401/40101'],
    ['empty', '', '401/40101'],
    ['without a dot', 'abcdef', '401/40101'],
    ['of too many parts', 'app1.a.b.c', '400/40005'],
    ['a key', `app1.root:${SECRET}`, '400/40005'],
    ['far too long', `app1.${'a'.repeat(200_000)}`, '400/40005'],
    ['too short for a token', body('hello'), '401/40101'],
    ['too short, and of an app that is not here', body('hello').replace('app1', 'x'), '401/40145'],
    ['of no known form', body('hello'.repeat(20)), '401/40145'],
    ['of a form to come', body(`\x02${'x'.repeat(99)}`), '401/40145'],
    ['in the form, but not issued here', body(`\x01${'x'.repeat(99)}`), '401/40143'],
  ])('%s', async (_, text, expected) => {
    expect(outcome(await apps.withToken(text))).toBe(expected)
  })

  test('is valid for its app only', async () => {
    const { token } = apps.issue('app2.lone')
    expect(outcome(await apps.withToken(token.replace('app2.', 'app1.')))).toBe('401/40143')
  })

  test('expires to the millisecond, in the words that SDKs look for', async () => {
    const { token } = apps.issue('app1.root', { ttl: 123 })
    apps.now = START + 122
    expect(outcome(await apps.withToken(token))).toBe('ok')
    apps.now = START + 123
    const result = await apps.withToken(token)
    apps.now = START
    expect(outcome(result)).toBe('401/40142')
    if (!result.ok) expect(result.failure.message).toContain('token expired')
  })

  test('never permits more than its key does now', async () => {
    const { token } = apps.issue('app1.narrow', { capability: '{"news:*":["publish"]}' })
    const permitted = async () =>
      value(await apps.withToken(token)).checker.permits('news:a', 'publish')
    expect(await permitted()).toBe(true)
    apps.changeKey('app1', 'narrow', { capability: '{"news:*":["publish"],"x":["*"]}' })
    expect(await permitted()).toBe(true)
    apps.changeKey('app1', 'narrow', { capability: '{"x":["*"]}' })
    expect(outcome(await apps.withToken(token))).toBe('401/40160')
    apps.changeKey('app1', 'narrow', {
      capability: '{"news:*":["publish","subscribe"],"status":["history"]}',
    })
    expect(await permitted()).toBe(true)
  })

  test('ends with its key, even after it was used', async () => {
    const { token } = apps.issue('app2.lone')
    expect(outcome(await apps.withToken(token))).toBe('ok')
    apps.changeKey('app2', 'lone', { status: 'revoked' })
    expect(outcome(await apps.withToken(token))).toBe('401/40131')
    apps.changeKey('app2', 'lone', { status: 'enabled' })
    expect(outcome(await apps.withToken(token))).toBe('ok')
  })
})

describe('the state of the app', () => {
  test.each([
    ['disabled', { status: 'disabled' }, '401/40120'],
    ['expired', { expiresAt: START }, '401/40120'],
    ['about to expire', { expiresAt: START + 1 }, 'ok'],
    ['only for TLS', { tlsOnly: true }, '403/40311'],
  ] as const)('%s', async (_, patch, expected) => {
    const { token } = apps.issue('app2.lone')
    apps.changeApp('app2', patch)
    const results = [await apps.withKey(`app2.lone:${SECRET}`), await apps.withToken(token)]
    const secure = await apps.authenticate({ kind: 'token', text: token }, undefined, {
      secure: true,
      origin: null,
    })
    apps.changeApp('app2', { status: 'enabled', expiresAt: null, tlsOnly: false })
    expect(results.map(outcome)).toEqual([expected, expected])
    if (expected === '403/40311') expect(outcome(secure)).toBe('ok')
  })

  test('removed: its tokens and keys are unknown', async () => {
    const own = new AblyApps()
    const { token } = own.issue('app2.lone')
    expect(outcome(await own.withToken(token))).toBe('ok')
    own.removeApp('app2')
    expect(outcome(await own.withToken(token))).toBe('401/40143')
    expect(outcome(await own.withKey(`app2.lone:${SECRET}`))).toBe('401/40101')
    own.close()
  })
})

describe('the client id', () => {
  test.each([
    ['key', undefined, undefined, undefined, true],
    ['key', undefined, 'ann', 'ann', false],
    ['key', undefined, '*', undefined, true],
    ['token', undefined, undefined, undefined, false],
    ['token', '*', undefined, undefined, true],
    ['token', '*', 'ann', 'ann', true],
    ['token', '*', '*', undefined, true],
    ['token', 'ann', undefined, 'ann', false],
    ['token', 'ann', 'ann', 'ann', false],
  ] as const)(
    '%s with %p, claiming %p: %p, may be others: %p',
    async (kind, given, claimed, is, may) => {
      const text =
        kind === 'key' ? `app1.root:${SECRET}` : apps.issue('app1.root', { clientId: given }).token
      const principal = value(await apps.authenticate({ kind, text }, claimed))
      expect([principal.clientId, principal.mayAssumeClientId]).toEqual([is, may])
      expect(principal.tokenClientId).toBe(given)
    },
  )

  test.each([
    ['ann', 'bob'],
    ['ann', '*'],
    [undefined, 'ann'],
  ])('a token with %p, claiming %p, is refused', async (given, claimed) => {
    const { token } = apps.issue('app1.root', { clientId: given })
    expect(outcome(await apps.withToken(token, claimed))).toBe('401/40102')
  })
})

describe('somebody who was admitted', () => {
  const admits = async (text: string) => {
    const { authenticator } = apps
    const { generation } = authenticator
    const kind = text.includes(':') ? ('key' as const) : ('token' as const)
    const principal = value(await apps.authenticate({ kind, text }))
    return () => authenticator.stillAdmits(principal, generation)
  }
  const root = `app1.root:${SECRET}`

  test('need not be looked at again as long as nothing has changed', async () => {
    const stillAdmits = await admits(root)
    expect(stillAdmits()).toBe(true)
    await apps.withKey(`app1.narrow:${SECRET}`)
    expect(stillAdmits()).toBe(true)
  })

  test.each([
    ['a key', () => apps.changeKey('app1', 'narrow', { name: 'another' })],
    ['an app', () => apps.changeApp('app2', { tlsOnly: false })],
  ])('is looked at again once %s has changed', async (_name, change) => {
    const stillAdmits = await admits(root)
    change()
    expect(stillAdmits()).toBe(false)
  })

  test('is always looked at again where they or their app end with time', async () => {
    expect((await admits(apps.issue('app1.root').token))()).toBe(false)
    apps.changeApp('app1', { expiresAt: apps.now + 60_000 })
    expect((await admits(root))()).toBe(false)
    apps.changeApp('app1', { expiresAt: null })
    expect((await admits(root))()).toBe(true)
  })
})
