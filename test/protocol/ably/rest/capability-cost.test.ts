/** Expensive capabilities are refused on every way in. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Ably from 'ably'
import { SignJWT } from 'jose'
import { MAX_PATTERNS } from '../../../../src/policy/capability/bounds.ts'
import { OPERATIONS } from '../../../../src/policy/capability/operations.ts'
import { alikePatterns } from '../../../support/alike-patterns.ts'
import { type SandboxAnswer, newSandboxApp, postApp } from '../../../support/sandbox-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

const capabilityOf = (resources: readonly string[], operations = ['publish']) =>
  JSON.stringify(Object.fromEntries(resources.map((resource) => [resource, operations])))
const names = (count: number, of: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => of(i))

const CROSSING = capabilityOf(names(300, (i) => `*:b${i}:c`))

let server: TestServer
let app: SandboxAnswer
beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await newSandboxApp(server.url, {
    keys: [
      { capability: capabilityOf(names(1200, (i) => `a${i}:*`)) },
      { capability: capabilityOf(['*'], [...OPERATIONS]) },
    ],
  })
})
afterAll(() => server.end())

const OTHERS: readonly (readonly [what: string, capability: string])[] = [
  ['too many lines', capabilityOf(names(MAX_PATTERNS + 1, (i) => `a${i}`))],
  ['lines that are all about one channel', capabilityOf(alikePatterns(9))],
]

describe('a key of the sandbox', () => {
  test.each(OTHERS)('with %s is refused', async (_, capability) => {
    for (const form of [capability, JSON.parse(capability) as unknown]) {
      const response = await postApp(server.url, { keys: [{ capability: form }] })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { code: 40000 } })
    }
  })
})

describe('a token request', () => {
  test.each([...OTHERS.slice(1), ['lines that cross those of the key', CROSSING] as const])(
    'with %s is refused',
    async (_, capability) => {
      expect(await tokenFor(0, capability)).toMatchObject({ code: 40000, statusCode: 400 })
    },
  )

  test('for a token that would be longer than SDKs take is refused', async () => {
    const wish = names(600, String)
    expect(await tokenFor(1, capabilityOf(wish, ['*']))).toMatchObject({ code: 40000 })
    expect(await tokenFor(1, capabilityOf(wish.slice(0, 200), ['*']))).toBe('issued')
  })

  test('with as many lines as its key has is answered', async () => {
    const wish = capabilityOf(names(1200, (i) => `a${i}:room`))
    expect(await tokenFor(0, wish)).toBe('issued')
  })
})

test('a JWT whose lines cross those of its key is refused', async () => {
  const { keyName, keySecret } = app.keys[0]!
  const now = Math.floor(Date.now() / 1000)
  const jwt = await new SignJWT({ 'x-ably-capability': CROSSING, iat: now, exp: now + 600 })
    .setProtectedHeader({ alg: 'HS256', kid: keyName })
    .sign(new TextEncoder().encode(keySecret))
  const response = await fetch(`${server.url}/channels/a/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${jwt}`, 'content-type': 'application/json' },
    body: '{"name":"x"}',
  })
  expect(await response.json()).toMatchObject({ error: { code: 40000 } })
})

async function tokenFor(key: number, capability: string): Promise<unknown> {
  const { keyStr } = app.keys[key]!
  const { endpoint, port, tls } = app
  const rest = new Ably.Rest({ key: keyStr, endpoint, port, tls, logLevel: 0 })
  return rest.auth.requestToken({ capability }).then(
    () => 'issued',
    (error: unknown) => error,
  )
}
