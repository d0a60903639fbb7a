/** Credentials of Ably clients stay out of the log, wherever in a refused request they stand. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { temporaryFolder } from '../../support/server.ts'
import { ServerProcess, run } from '../../cli/process.ts'
import { eventually } from '../../support/client.ts'
import { basic, newSandboxApp, postApp } from '../../support/sandbox-app.ts'

const SECRET = 'hushhush'
const folder = temporaryFolder()
let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start(['--data', folder.path, '--log-level', 'debug'])
})
afterAll(async () => {
  await server.end()
  folder.remove()
})

test('a refusal names the route and the key, without a secret', async () => {
  const key = `app.key:${SECRET}`
  const header = { authorization: basic(key) }
  const requests: [path: string, init: RequestInit][] = [
    [`/keys/${key}/requestToken`, { method: 'POST', body: '{}' }],
    [
      `/keys/${encodeURIComponent(key)}/revokeTokens`,
      { method: 'POST', headers: header, body: '{}' },
    ],
    [`/keys/${key}/nonsense`, {}],
    [`/time?key=${key}&access_token=${SECRET}`, { method: 'POST' }],
    ['/keys/app.key/requestToken', { method: 'POST', headers: header, body: '{}' }],
    [
      '/keys/app.key/requestToken',
      { method: 'POST', body: `{"mac":"${SECRET}","nonce":"${SECRET}"}` },
    ],
    ['/keys/app.key/requestToken', { method: 'POST', body: SECRET }],
    [
      '/keys/app.key/revokeTokens',
      { method: 'POST', headers: { authorization: `Bearer ${SECRET}` }, body: '{}' },
    ],
  ]
  for (const [path, init] of requests) {
    const response = await fetch(server.url + path, init)
    expect(response.status, path).toBeGreaterThanOrEqual(400)
    expect(await response.text(), path).not.toContain(SECRET)
  }
  const explained = await run(['tokens', 'explain', SECRET, '--data', folder.path])
  expect(explained.out).not.toContain(SECRET)
  await server.end()
  const log = server.out + server.err
  expect(log).toContain('"route":"/keys/:keyName/requestToken"')
  expect(log).toContain('"key":"app.key"')
  expect(log).not.toContain(SECRET)
})

test('a refusal names the line of the capability or the limit', async () => {
  const flags = '--in-memory --sandbox --max-sandbox-apps 1 --push-rate 1 --push-burst 16'
  const limited = await ServerProcess.start(flags.split(' '))
  try {
    const wish = { keys: [{ capability: '{"news:*":["subscribe"]}' }] }
    const { keys } = await newSandboxApp(limited.url, wish)
    const { keyName, keyStr } = keys[0]!
    const url = `${limited.url}/keys/${keyName}/requestToken`
    const ask = (capability: string) =>
      fetch(url, {
        method: 'POST',
        headers: { authorization: basic(keyStr) },
        body: JSON.stringify({ capability }),
      })
    expect((await ask('{"chat":["publish"]}')).status).toBe(401)
    const published = await fetch(`${limited.url}/channels/news%3Auk/messages`, {
      method: 'POST',
      headers: { authorization: basic(keyStr) },
      body: '{"name":"n","data":"hush"}',
    })
    expect(published.status).toBe(401)
    expect(await published.text()).not.toContain('news:*')
    await eventually(() => gap() !== undefined, 'the refused publish is in the log')
    expect(gap()).toMatchObject({
      key: keyName,
      channel: 'news:uk',
      because: 'the line "news:*":["subscribe"] of the key is without publish',
      change: 'the line "news:uk":["publish"] would allow it',
    })
    expect(limited.out).not.toContain('hush')
    const crowd = Array.from({ length: 10 }, () => postApp(limited.url, {}))
    for (const response of await Promise.all(crowd)) expect(response.status).toBe(429)
    expect(await refusal('capability_refused')).toMatchObject({
      key: keyName,
      because: 'the key permits {"news:*":["subscribe"]} and nothing of {"chat":["publish"]}',
    })
    expect((await refusal('sandbox_full'))['setting']).toBe('--max-sandbox-apps 1')
    expect((await refusal('request_rate'))['setting']).toBe('--push-rate 1 --push-burst 16')
  } finally {
    await limited.end()
  }

  function gap(): Record<string, unknown> | undefined {
    return limited.logs.find(({ operation }) => operation === 'publish')
  }

  async function refusal(name: string): Promise<Record<string, unknown>> {
    const line = () => limited.logs.find(({ reason }) => reason === name)
    await eventually(() => line() !== undefined, `${name} is in the log`)
    return line()!
  }
})

test('undeliverable push notifications are logged, without keys, and other transports once', async () => {
  const running = await ServerProcess.start(['--in-memory', '--sandbox'])
  try {
    const { keys } = await newSandboxApp(running.url)
    const authorization = basic(keys[0]!.keyStr)
    const post = async (path: string, body: object) => {
      const headers = { authorization, 'content-type': 'application/json' }
      const request = { method: 'POST', headers, body: JSON.stringify(body) }
      expect((await fetch(running.url + path, request)).ok).toBe(true)
    }
    const recipient = { transportType: 'ablyChannel', channel: 'a', ablyKey: `app.key:${SECRET}` }
    const device = { id: 'lost', platform: 'ios', formFactor: 'tv', push: { recipient } }
    await post('/push/deviceRegistrations', device)
    const notification = { title: SECRET }
    for (const to of [{ transportType: 'fcm', registrationToken: SECRET }, { deviceId: 'lost' }])
      for (let i = 0; i < 2; i++) await post('/push/publish', { recipient: to, notification })
    const log = () => running.out + running.err
    await eventually(() => log().includes('"device":"lost"'), 'the device is in the log')
    expect(log().match(/with the transport ablyChannel only/g)).toHaveLength(1)
    expect(log()).not.toContain(SECRET)
  } finally {
    await running.end()
  }
})
