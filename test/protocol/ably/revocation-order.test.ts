/** Which tokens a revocation concerns: all that were issued before it, in the same millisecond too, and none that come after. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { Clients } from '../../support/ably.ts'
import { AblyApp, type ErrorBody } from '../../support/ably-app.ts'
import { eventually } from '../../support/client.ts'
import { latchkey, startTestServer } from '../../support/server.ts'
import { type TimedServer, startTimedServer } from '../../support/timed-server.ts'

const MANY = 100

let server: TimedServer
let app: AblyApp
let name: string
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTimedServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
  name = app.keys[0]!.split(':')[0]!
})
afterEach(() => clients.end())
afterAll(() => server.end())

async function revoke(target: string, more: object = {}) {
  const body = { targets: [target], ...more }
  const answer = await app.ask<{ results: { issuedBefore: number }[] }>(
    `/keys/${name}/revokeTokens`,
    { body },
  )
  expect(answer.status).toBe(201)
  return answer.body.results[0]!
}

/** `ok`, or the code of the refusal. */
async function outcome(token: string): Promise<string> {
  const { status, body } = await app.ask<ErrorBody>('/channels/news/messages', { as: token })
  return status === 200 ? 'ok' : String(body.error.code)
}

async function outcomes(tokens: readonly string[]): Promise<string[]> {
  return [...new Set(await Promise.all(tokens.map(outcome)))]
}

/** A new client id for each test. */
let counter = 0
const fresh = () => `client-${counter++}`

function jwt(claims: Record<string, unknown>, issued = server.clock.now() / 1000): Promise<string> {
  const [kid, secret] = app.keys[0]!.split(':') as [string, string]
  return new SignJWT({ iat: issued, exp: Math.floor(issued) + 3600, ...claims })
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(new TextEncoder().encode(secret))
}

describe('revoking native tokens, with a stopped clock', () => {
  const capability = JSON.stringify({ news: ['*'], 'lines:*': ['subscribe'] })
  const kinds = [
    ['a client id', () => ({ clientId: fresh() }), 'clientId:'],
    ['a channel that they name', () => ({ clientId: fresh(), capability }), 'channel:lines:*'],
  ] as const

  test.each(kinds)(
    'all existing ones are revoked by %s, and no later one',
    async (_, wish, target) => {
      const params = wish()
      const issue = () => app.token(params)
      const whole = target === 'clientId:' ? target + params.clientId : target
      const before: string[] = []
      for (let i = 0; i < MANY; i++) before.push(await issue())
      expect(await outcomes(before)).toEqual(['ok'])
      for (let round = 0; round < 3; round++) {
        await revoke(whole)
        expect(await outcomes(before)).toEqual(['40141'])
        const after = await Promise.all(Array.from({ length: 10 }, issue))
        expect(await outcomes(after)).toEqual(['ok'])
        before.push(...after)
      }
    },
  )

  test('a named moment applies to the millisecond', async () => {
    const clientId = fresh()
    const tokens: string[] = []
    const start = server.clock.now()
    for (let i = 0; i < 3; i++) {
      tokens.push(await app.token({ clientId }))
      server.clock.advance(1)
    }
    const { issuedBefore } = await revoke(`clientId:${clientId}`, { issuedBefore: start + 1 })
    expect(issuedBefore).toBe(start + 1)
    expect(await Promise.all(tokens.map(outcome))).toEqual(['40141', 'ok', 'ok'])
    await revoke(`clientId:${clientId}`, { issuedBefore: start + 2 })
    expect(await Promise.all(tokens.map(outcome))).toEqual(['40141', '40141', 'ok'])
    // Issued at that very moment.
    server.clock.set(-1)
    await revoke(`clientId:${clientId}`, { issuedBefore: start + 2 })
    expect(await Promise.all(tokens.map(outcome))).toEqual(['40141', '40141', 'ok'])
    await revoke(`clientId:${clientId}`)
    expect(await outcomes(tokens)).toEqual(['40141'])
  })

  test('a clock that is set back does not change this', async () => {
    const clientId = fresh()
    const before = await app.token({ clientId })
    server.clock.set(-60_000)
    await revoke(`clientId:${clientId}`)
    expect(await outcome(before)).toBe('40141')
    const after = await app.token({ clientId })
    expect(await outcome(after)).toBe('ok')
    server.clock.set(60_000)
    expect(await outcomes([after, await app.token({ clientId })])).toEqual(['ok'])
  })

  test('a native token inside a JWT is revoked as such', async () => {
    const clientId = fresh()
    const carry = async (token: string) => jwt({ 'x-ably-token': token })
    const before = await carry(await app.token({ clientId }))
    await revoke(`clientId:${clientId}`)
    const after = await carry(await app.token({ clientId }))
    expect([await outcome(before), await outcome(after)]).toEqual(['40141', 'ok'])
  })

  test('their connections end, and others stay', async () => {
    const clientId = fresh()
    const before = await clients.connected({ token: await app.token({ clientId }) })
    const ended = new Promise<number | undefined>((resolve) =>
      before.connection.on(['disconnected', 'failed'], ({ reason }) => resolve(reason?.code)),
    )
    await revoke(`clientId:${clientId}`)
    expect(await ended).toBe(40141)
    const after = await clients.connected({ token: await app.token({ clientId }) })
    expect(after.connection.state).toBe('connected')
  })

  test('a stream over HTTP ends with its token', async () => {
    const clientId = fresh()
    const listen = (token: string) => fetch(`${app.url}/sse?channels=news&v=3&accessToken=${token}`)
    const stream = await listen(await app.token({ clientId }))
    expect(stream.status).toBe(200)
    await revoke(`clientId:${clientId}`)
    expect(await stream.text()).toContain('40141')
    const after = await listen(await app.token({ clientId }))
    expect(after.status).toBe(200)
    await after.body!.cancel()
  })
})

test('the command line revokes what the server has issued so far', async () => {
  const real = await startTestServer()
  try {
    const key = real.addKey({ revocableTokens: true })
    const [keyName] = key.split(':') as [string]
    const issue = async () => {
      const answer = await fetch(`${real.url}/keys/${keyName}/requestToken`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
        body: '{"clientId":"ann"}',
      })
      return answer.ok ? ((await answer.json()) as { token: string }).token : undefined
    }
    const statusOf = async (token: string) => {
      const headers = { authorization: `Bearer ${btoa(token)}` }
      return (await fetch(`${real.url}/channels/news/messages`, { headers })).status
    }
    let before: string | undefined
    await eventually(async () => (before = await issue()) !== undefined, 'the server knows the key')
    const here = ['--data', real.folder]
    await latchkey(['tokens', 'revoke', keyName, '--client-id', 'ann', ...here])
    await eventually(async () => (await statusOf(before!)) === 401, 'the token is revoked')
    // From the range of numbers that the server had taken before.
    expect(await statusOf((await issue())!)).toBe(200)
  } finally {
    await real.end()
  }
})

describe('revoking JWTs, which have whole seconds', () => {
  test.each([
    ['the same second', 0, '40141'],
    ['the second before', -1, '40141'],
    ['the next second', 1, 'ok'],
  ])('of %s', async (_, seconds, expected) => {
    // Within the same second as the revocation.
    server.clock.advance(1000 - (server.clock.now() % 1000) + 400)
    const second = Math.floor(server.clock.now() / 1000)
    const group = fresh()
    for (const [claims, target] of [
      [{ 'x-ably-clientId': group }, `clientId:${group}`],
      [{ 'x-ably-revocation-key': group }, `revocationKey:${group}`],
      [
        { 'x-ably-capability': JSON.stringify({ news: ['*'], [group]: ['*'] }) },
        `channel:${group}`,
      ],
    ] as const) {
      const token = await jwt(claims, second + seconds)
      expect(await outcome(token)).toBe('ok')
      await revoke(target)
      expect(await outcome(token)).toBe(expected)
      const fraction = await jwt({ ...claims, jti: 'with a fraction' }, second + seconds + 0.9)
      expect(await outcome(fraction)).toBe(expected)
    }
  })

  test('a named moment applies exactly', async () => {
    const second = Math.floor(server.clock.now() / 1000)
    server.clock.advance(2000)
    const clientId = fresh()
    const token = await jwt({ 'x-ably-clientId': clientId }, second)
    await revoke(`clientId:${clientId}`, { issuedBefore: second * 1000 })
    expect(await outcome(token)).toBe('ok')
    await revoke(`clientId:${clientId}`, { issuedBefore: second * 1000 + 1 })
    expect(await outcome(token)).toBe('40141')
  })
})
