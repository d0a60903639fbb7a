/** Text that is not UTF-8, or holds half of a surrogate pair, would be kept as another: it is refused wherever it comes in. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody } from '../support/ably-app.ts'
import { ACTION, FrameClient } from '../support/ably.ts'
import { statusOf } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { runJson } from '../cli/process.ts'
import { PASSWORD, DashboardUser } from '../dashboard/dashboard-user.ts'

let server: TestServer
let app: AblyApp
let owner: DashboardUser
let accessToken: string
beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }])
  owner = await DashboardUser.owner(server)
  const made = await runJson<{ token: string }>(['access-tokens', 'add', '--data', server.folder])
  accessToken = made.token
})
afterAll(() => server.end())

const keyName = () => app.keys[0]!.split(':')[0]!
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

function send(path: string, type: string, body: string | Uint8Array) {
  const headers = {
    authorization: `Basic ${btoa(app.keys[0]!)}`,
    'content-type': type,
    accept: 'application/json',
  }
  const method = 'POST'
  return fetch(server.url + path, { method, headers, body: new Uint8Array(Buffer.from(body)) })
}

const FORM = 'application/x-www-form-urlencoded'

describe.each([
  ['behind a percent sign', '%ff'],
  ['as it is', '\xe9'],
  ['half of a pair', '%ed%a0%80'],
])('a form with a byte that is not UTF-8, %s', (_, bad) => {
  test.each([
    [() => `/keys/${keyName()}/requestToken`, (text: string) => `clientId=a${text}`],
    [() => '/channels/kept:a/messages', (text: string) => `name=n&data=${text}`],
    [() => '/channels/kept:a/messages', (text: string) => `${text}=n`],
    [() => '/chat/v4/rooms/r/messages', (text: string) => `text=${text}`],
  ])('is refused by REST', async (path, body) => {
    const answer = await send(path(), FORM, latin1(body(bad)))
    expect(answer.status).toBe(400)
    const { error } = (await answer.json()) as ErrorBody
    expect(error).toMatchObject({ code: 40000, message: 'the body is not valid UTF-8' })
  })

  test('is refused by the dashboard', async () => {
    const before = await owner.get('/apps')
    const form = /name="form" value="([^"]+)"/.exec(before.text)?.[1] ?? ''
    const answer = await fetch(`${server.url}/dashboard/apps`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': FORM, origin: server.url, cookie: owner.cookie },
      body: latin1(`form=${encodeURIComponent(form)}&name=app${bad}`),
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('not valid UTF-8')
    expect((await owner.get('/apps')).text).not.toContain('app\ufffd')
    const signIn = await fetch(`${server.url}/dashboard/sign-in`, {
      method: 'POST',
      headers: { 'content-type': FORM, origin: server.url },
      body: latin1(`email=ann@example.com&password=${PASSWORD}${bad}`),
    })
    expect(signIn.status).toBe(400)
  })
})

test('JSON that is not UTF-8 is refused by the API', async () => {
  const me = await api('GET', '/me')
  const { account } = (await me.json()) as { account: { id: string } }
  const path = `/accounts/${account.id}/apps`
  for (const name of ['a\xff', 'a\\ud800', '\\uDFFFx']) {
    const refused = await api('POST', path, latin1(`{"name":"${name}"}`))
    expect([name, refused.status]).toEqual([name, 400])
    expect(((await refused.json()) as { reason: string }).reason).toBe('invalid')
  }
  // A complete surrogate pair, and text that only looks like half of one.
  for (const name of ['\\ud83d\\ude00', 'a\\\\ud800']) {
    const made = await api('POST', path, latin1(`{"name":"${name}"}`))
    expect([name, made.status]).toEqual([name, 201])
    expect(((await made.json()) as { name: string }).name).toBe(JSON.parse(`"${name}"`) as string)
  }
})

function api(method: string, path: string, body?: Uint8Array<ArrayBuffer>) {
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
  return fetch(`${server.url}/v1${path}`, { method, headers, ...(body && { body }) })
}

describe('a query that is not UTF-8', () => {
  const bad = () => `key=${app.keys[0]}&v=6&clientId=a%ff`

  test.each([
    '/channels/kept:a/messages',
    '/channels/kept:a/presence',
    '/sse?channels=kept:a',
    '/push/deviceRegistrations',
  ])('is refused over REST: %s', async (path) => {
    const answer = await fetch(`${server.url}${path}${path.includes('?') ? '&' : '?'}${bad()}`)
    expect(answer.status).toBe(400)
    const { error } = (await answer.json()) as ErrorBody
    expect(error).toMatchObject({ code: 40000, message: 'the query is not valid UTF-8' })
  })

  test('is refused over a WebSocket and comet', async () => {
    const client = new FrameClient(app, bad())
    expect(await client.next(ACTION.ERROR)).toMatchObject({ error: { code: 40000 } })
    client.terminate()
    const comet = await fetch(`${server.url}/comet/connect?${bad()}&stream=false`)
    expect(await comet.json()).toMatchObject([{ action: ACTION.ERROR, error: { code: 40000 } }])
  })

  test('is refused for an itty-sockets client', async () => {
    expect(await statusOf(`${server.sockets}room?as=%e9`)).toBe(400)
    expect(await statusOf(`${server.sockets}room?sendKey=%c3%28`)).toBe(400)
    // A percent sign that escapes nothing stands for itself.
    expect(await statusOf(`${server.sockets}room?as=100%`)).toBe(101)
  })
})

test.each([
  ['an encoding', '/channels/kept:a/messages', '{"data":"x","encoding":"\\ud800"}', 40013],
  ['the client of a token', '/keys/KEY/requestToken', '{"clientId":"a\\udc00"}', 40012],
])('half of a surrogate pair: %s', async (_, path, body, code) => {
  const answer = await send(path.replace('KEY', keyName()), 'application/json', body)
  expect(((await answer.json()) as ErrorBody).error).toMatchObject({ code })
})

test('half of a surrogate pair in what is revoked', async () => {
  const body = '{"targets":["clientId:\\ud800"]}'
  const answer = await send(`/keys/${keyName()}/revokeTokens`, 'application/json', body)
  expect(await answer.json()).toMatchObject({ failureCount: 1 })
})
