/** The name of a key is found wherever a request carries it, and never a secret. */
import { afterAll, describe, expect, test } from 'bun:test'
import { claimedKeyName } from '../../src/identity/claimed-key.ts'
import { AblyApps, SECRET, jwt } from './ably-apps.ts'

const apps = new AblyApps()
afterAll(() => apps.close())

const basic = (text: string) => new Headers({ authorization: `Basic ${btoa(text)}` })
const bearer = (text: string) => new Headers({ authorization: `Bearer ${btoa(text)}` })
const query = (parameters: Record<string, string> = {}) => new URLSearchParams(parameters)

describe('is found', () => {
  test('in a key', () => {
    expect(claimedKeyName(basic(`app1.root:${SECRET}`), query())).toBe('app1.root')
    expect(claimedKeyName(new Headers(), query({ key: `a.b:${SECRET}` }))).toBe('a.b')
  })

  test('in tokens, valid or not', async () => {
    const { token } = apps.issue('app1.narrow')
    expect(claimedKeyName(bearer(token), query())).toBe('app1.narrow')
    expect(claimedKeyName(bearer(`${token.slice(0, -3)}xyz`), query())).toBe('app1.narrow')
    expect(claimedKeyName(bearer(await jwt()), query())).toBe('app1.root')
    expect(claimedKeyName(new Headers(), query({ access_token: await jwt() }))).toBe('app1.root')
  })
})

test.each([
  ['no credentials', new Headers()],
  ['a secret without its key', basic(SECRET)],
  ['a secret in the place of the name', basic(`app.${SECRET}:x`)],
  ['a secret before the name', basic(`${SECRET}.app:x`)],
  ['a token that is none', bearer('app.c2VjcmV0')],
  ['an unknown scheme', new Headers({ authorization: `Digest ${SECRET}` })],
  ['no base64', new Headers({ authorization: 'Basic ???' })],
])('is not found in %s', (_what, headers) => {
  expect(claimedKeyName(headers, query())).toBeUndefined()
})
