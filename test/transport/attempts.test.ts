/** Who keeps on showing wrong credentials is told nothing more of them, and nothing is worked out for them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Caller } from '../api/caller.ts'
import { AblyApp } from '../support/ably-app.ts'

const BURST = 3

let api: Caller
let app: AblyApp
/** Credentials that the server has verified before. */
let known: string
/** Valid credentials that the server has not seen. */
let fresh: string
beforeAll(async () => {
  // So slow that nothing refills during a test.
  const flags = { sandbox: 'true', 'attempt-rate': '1', 'attempt-burst': String(BURST) }
  api = await Caller.start(flags)
  app = await AblyApp.make(api.server.url)
  known = await app.token()
  await app.ask('/channels/a/messages', { as: known })
  fresh = await app.token()
  await exhaust()
})
afterAll(() => api.server.end())

/** Sends wrong credentials until the rate is used up. */
async function exhaust(): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const { status } = await app.ask('/channels/a/messages', { as: 'a.b:wrong' })
    if (status === 429) return
  }
  throw new Error('wrong credentials are never refused')
}

interface Wrong {
  readonly name: string
  readonly path: string
  readonly method?: string
  readonly authorization?: string
  readonly body?: object
}

const bearer = (text: string) => `Bearer ${btoa(text)}`
const now = Date.now()

const ABLY: readonly Wrong[] = [
  { name: 'no credentials', path: '/channels/a/messages' },
  { name: 'a wrong key', path: '/channels/a/messages', authorization: `Basic ${btoa('a.b:c')}` },
  { name: 'what is no key', path: '/channels/a/messages', authorization: `Basic ${btoa('?')}` },
  { name: 'a wrong token', path: '/channels/a/messages', authorization: bearer('a.b') },
  { name: 'no credentials for chat', path: '/chat/v4/rooms/a/messages' },
  { name: 'no credentials for push', path: '/push/deviceRegistrations' },
  {
    name: 'the token of no device',
    path: '/push/deviceRegistrations',
    authorization: `Bearer a.device-${'x'.repeat(43)}`,
  },
  { name: 'no credentials for an event stream', path: '/sse?channels=a&v=1.2' },
  {
    name: 'a token request of nobody',
    path: '/keys/a.b/requestToken',
    method: 'POST',
    body: { keyName: 'a.b', timestamp: now, nonce: '0123456789abcdef', mac: 'x', capability: '' },
  },
  {
    name: 'revoking without credentials',
    path: '/keys/a.b/revokeTokens',
    method: 'POST',
    body: { targets: [] },
  },
  { name: 'deleting without credentials', path: '/apps/a', method: 'DELETE' },
]

function ask({ path, method = 'GET', authorization, body }: Wrong): Promise<Response> {
  return fetch(api.server.url + path, {
    method,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
}

describe('beyond the rate of an address', () => {
  test.each(ABLY)('$name is refused with 429, in the words of Ably', async (wrong) => {
    await exhaust()
    const answer = await ask(wrong)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
    const { error } = (await answer.json()) as { error: { code: number; message: string } }
    expect(error.code).toBe(42910)
    expect(error.message).toContain('missing or wrong credentials')
  })

  test.each(['', 'wrong'])('the access token "%s" is refused so too', async (token) => {
    await exhaust()
    const { status, body, headers } = await api.call('GET', '/me', { token })
    expect([status, body.reason]).toEqual([429, 'attempt_rate'])
    expect(headers.get('retry-after')).toBe('1')
  })

  test.each(['claim', 'invite'])('a wrong link to %s is refused so too', async (kind) => {
    await exhaust()
    const answer = await fetch(`${api.server.url}/dashboard/${kind}?token=wrong`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await answer.text()).toContain('missing or wrong credentials')
  })

  test('valid credentials are not limited', async () => {
    await exhaust()
    expect((await app.ask('/channels/a/messages')).status).toBe(200)
    expect((await app.ask('/channels/a/messages', { as: known })).status).toBe(200)
    expect((await api.call('GET', '/me')).status).toBe(200)
    const signed = await app.client().auth.createTokenRequest()
    const issued = await app.ask(`/keys/${signed.keyName}/requestToken`, { as: null, body: signed })
    expect(issued.status).toBe(201)
  })

  test('an unknown token is not verified', async () => {
    await exhaust()
    expect((await app.ask('/channels/a/messages', { as: fresh })).status).toBe(429)
  })
})

test('within the rate the error says what is wrong', async () => {
  const other = await Caller.start({ 'attempt-rate': '1', 'attempt-burst': String(BURST) })
  try {
    const statuses: number[] = []
    for (let i = 0; i <= BURST; i++)
      statuses.push((await fetch(`${other.server.url}/stats`)).status)
    expect(statuses).toEqual([...Array(BURST).fill(401), 429])
  } finally {
    await other.server.end()
  }
})
