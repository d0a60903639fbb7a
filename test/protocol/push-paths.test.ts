/** Pushes of itty-sockets and push requests of Ably's SDKs share a path. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import Ably from 'ably'
import { Client } from '../support/client.ts'
import { reserveAll } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

let server: TestServer
let key: string

const NAMES = ['publish', 'channels', 'channelSubscriptions', 'deviceRegistrations']

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0', 'base-path': '/realtime' })
  await reserveAll(server, Object.fromEntries(NAMES.map((name) => [name, { sendKey: 's' }])))
  key = server.addKey()
})
afterAll(() => server.end())

const url = (name: string) => `${server.url}/realtime/push/${name}`

test.each([...NAMES, 'deviceRegistrations/phone'])(
  'a push with a send key reaches the channel %s of itty-sockets',
  async (name) => {
    const reader = await Client.join(server.sockets + name)
    const headers = { 'x-send-key': 's' }
    const pushed = await fetch(url(name), { method: 'POST', body: '"here"', headers })
    expect(await pushed.text()).toBe('{"receivers":1}')
    await reader.message('here')
    const wrong = { 'x-send-key': 'wrong' }
    const refused = await fetch(url(name), { method: 'POST', body: '"here"', headers: wrong })
    expect(await refused.json()).toMatchObject({ error: { code: 'push_refused' } })
    reader.close()
  },
)

test.each(NAMES)('without a send key %s is answered as to an SDK', async (name) => {
  const answer = await fetch(url(name), { method: 'POST', body: '{}' })
  // What takes no POST says so before it asks who that is.
  const expected = name === 'channels' ? [405, 40500] : [401, 40101]
  const { error } = (await answer.json()) as { error: { code: number; statusCode: number } }
  expect([error.statusCode, error.code]).toEqual(expected)
  expect([answer.status, Number(answer.headers.get('x-ably-errorcode'))]).toEqual(expected)
})

test('preflights are answered for the protocol that their headers show', async () => {
  const preflight = (asked: string) =>
    fetch(url('publish'), {
      method: 'OPTIONS',
      headers: { origin: 'https://x.example', 'access-control-request-headers': asked },
    })
  const itty = await preflight('content-type,X-Send-Key')
  expect(itty.headers.get('access-control-allow-origin')).toBe('*')
  expect(itty.headers.get('access-control-allow-headers')).toContain('x-send-key')
  const sdk = await preflight('authorization,x-ably-version')
  expect(sdk.headers.get('access-control-allow-origin')).toBe('https://x.example')
  expect(sdk.headers.get('access-control-allow-headers')).toContain('x-ably-version')
})

test('other paths are pushes of itty-sockets only', async () => {
  const headers = { authorization: `Basic ${btoa(key)}`, 'x-ably-version': '6' }
  const answer = await fetch(url('publishing'), { method: 'POST', body: '{}', headers })
  expect(await answer.json()).toMatchObject({ error: { code: 'push_refused' } })
})

test('an SDK with a wrong key gets an error in its form', async () => {
  const options = { endpoint: '127.0.0.1', port: Number(new URL(server.url).port), tls: false }
  const rest = new Ably.Rest({ ...options, key: 'none.key:wrong', logLevel: 0 })
  const asked = rest.request('get', '/realtime/push/channels', 6)
  expect(await asked).toMatchObject({ statusCode: 401, errorCode: 40101 })
})
