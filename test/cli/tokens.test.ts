/** `latchkey tokens …`: what it issues and revokes counts on a running server within a second. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { eventually } from '../support/client.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { run, runJson } from './process.ts'

let server: TestServer
let key: string
let name: string

beforeAll(async () => {
  server = await startTestServer()
  key = server.addKey({
    revocableTokens: true,
    capability: { capability: { 'news:*': ['subscribe'], chat: ['*'] } },
  })
  name = key.slice(0, key.indexOf(':'))
})
afterAll(() => server.end())

function here(...argv: string[]): string[] {
  return ['tokens', ...argv, '--data', server.folder]
}

interface Issued {
  token: string
  issued: number
  expires: number
  capability: string
}

interface Explained {
  valid: boolean
  refusal?: string
  kind?: string
  key?: string
  clientId?: string
  permitted?: boolean
}

const issue = (...options: string[]) => runJson<Issued>(here('issue', name, ...options))
const explain = (...argv: string[]) => runJson<Explained>(here('explain', ...argv))

describe('issue', () => {
  test('issues a token of a key, within its capability', async () => {
    const capability = '{"news:uk":["subscribe","publish"]}'
    const issued = await issue('--ttl', '90', '--client-id', 'ann', '--capability', capability)
    expect(issued.expires - issued.issued).toBe(90_000)
    expect(issued.capability).toBe('{"news:uk":["subscribe"]}')
    expect(await explain(issued.token)).toMatchObject({
      valid: true,
      kind: 'token',
      key: name,
      clientId: 'ann',
    })
  })

  test('prints the token and when it expires', async () => {
    const { out } = await run(here('issue', name))
    expect(out.split('\n')[0]).toMatch(/^[A-Za-z0-9]+\.[A-Za-z0-9_-]+$/)
    expect(out).toContain('Valid until ')
  })

  test.each([
    ['a lifetime that is none', ['--ttl', '0'], '"ttl" is not between 1 ms'],
    ['a lifetime that is no number', ['--ttl', 'long'], 'whole number of seconds'],
    ['a lifetime beyond the limit', ['--ttl', '4000'], '3600 seconds'],
    ['a capability that is none', ['--capability', '{'], 'not valid JSON'],
    ['a capability beyond the key', ['--capability', '{"other":["publish"]}'], 'permits nothing'],
  ])('%s is refused', async (_case, options, complaint) => {
    const { code, err } = await run(here('issue', name, ...options))
    expect(code).toBe(1)
    expect(err).toContain(complaint)
  })

  test('a revoked or unknown key gets no token', async () => {
    const other = server.addKey()
    server.revokeKey(other)
    const revoked = await run(here('issue', other.slice(0, other.indexOf(':'))))
    expect(revoked.code).toBe(1)
    expect((await run(here('issue', 'no.such'))).code).toBe(1)
  })
})

describe('explain', () => {
  test('says whether an operation is permitted', async () => {
    const { token } = await issue()
    expect(await explain(token, '--channel', 'news:uk')).toMatchObject({ permitted: true })
    const publish = await explain(token, '--channel', 'news:uk', '--operation', 'publish')
    expect(publish).toMatchObject({ valid: true, permitted: false })
    const { out } = await run(here('explain', token, '--channel', 'chat', '--operation', 'publish'))
    expect(out).toContain('Permits     publish on chat')
  })

  test('explains a JWT that the key signed', async () => {
    const now = Math.floor(Date.now() / 1000)
    const jwt = await new SignJWT({ iat: now, exp: now + 60, 'x-ably-clientId': 'eve' })
      .setProtectedHeader({ alg: 'HS256', kid: name })
      .sign(new TextEncoder().encode(key.slice(key.indexOf(':') + 1)))
    expect(await explain(jwt)).toMatchObject({ valid: true, kind: 'jwt', clientId: 'eve' })
  })

  test.each(['nonsense', 'a.b', 'a.b.c', ''])('says why %j is refused', async (text) => {
    const answer = await explain(text)
    expect(answer.valid).toBe(false)
    expect(answer.refusal).toBeString()
  })

  test('refuses an unknown operation', async () => {
    const { token } = await issue()
    const { code, err } = await run(here('explain', token, '--operation', 'fly'))
    expect(code).toBe(1)
    expect(err).toContain('there is no operation fly')
  })
})

describe('revoke', () => {
  test('revokes the tokens of a client, also on the running server', async () => {
    const { token } = await issue('--client-id', 'mallory')
    const other = await issue('--client-id', 'ann')
    await eventually(async () => (await statusOf(token)) === BASIC_NEEDED, 'the key is known', 1000)
    const { out } = await run(here('revoke', name, '--client-id', 'mallory'))
    expect(out).toBe('Revoked clientId:mallory.\n')
    await eventually(async () => (await statusOf(token)) === REVOKED, 'the server knows', 1000)
    expect(await explain(token)).toMatchObject({
      valid: false,
      refusal: expect.stringContaining('revoked'),
    })
    expect(await statusOf(other.token)).toBe(BASIC_NEEDED)
  })

  test('needs something to revoke, and a key that allows it', async () => {
    expect((await run(here('revoke', name))).code).toBe(2)
    const plain = server.addKey()
    const answer = await run(here('revoke', plain.slice(0, plain.indexOf(':')), '--channel', 'x'))
    expect(answer.code).toBe(1)
  })

  /** Whether a token is valid: a valid one is told that it may not revoke others. */
  const BASIC_NEEDED = 40162
  const REVOKED = 40141

  async function statusOf(token: string): Promise<number> {
    const response = await fetch(`${server.url}/keys/${name}/revokeTokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${btoa(token)}` },
      body: '{"targets":["clientId:nobody"]}',
    })
    return Number(response.headers.get('x-ably-errorcode'))
  }
})
