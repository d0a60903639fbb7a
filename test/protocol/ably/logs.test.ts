/** Credentials of Ably clients stay out of the log, wherever in a refused request they stand. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { temporaryFolder } from '../../support/server.ts'
import { ServerProcess, run } from '../../cli/process.ts'

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

test('a refusal names route and key, and repeats no secret', async () => {
  const key = `app.key:${SECRET}`
  const basic = { authorization: `Basic ${btoa(key)}` }
  const requests: [path: string, init: RequestInit][] = [
    [`/keys/${key}/requestToken`, { method: 'POST', body: '{}' }],
    [
      `/keys/${encodeURIComponent(key)}/revokeTokens`,
      { method: 'POST', headers: basic, body: '{}' },
    ],
    [`/keys/${key}/nonsense`, {}],
    [`/time?key=${key}&access_token=${SECRET}`, { method: 'POST' }],
    ['/keys/app.key/requestToken', { method: 'POST', headers: basic, body: '{}' }],
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
