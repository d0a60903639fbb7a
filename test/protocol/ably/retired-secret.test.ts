/** What ends when an old secret of a key is retired, and what does not. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { Clients } from '../../support/ably.ts'
import { AblyApp } from '../../support/ably-app.ts'
import { eventually } from '../../support/client.ts'
import { type TestServer, latchkey, startTestServer } from '../../support/server.ts'

let server: TestServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
})
afterEach(() => clients.end())
afterAll(() => server.end())

test('connections and JWTs of a retired secret end, and native tokens stay until they expire', async () => {
  const old = app.keys[0]!
  const [name, secret] = old.split(':') as [string, string]
  const here = ['--data', server.folder]
  const iat = Math.floor(Date.now() / 1000)
  const jwt = await new SignJWT({ iat, exp: iat + 600 })
    .setProtectedHeader({ alg: 'HS256', kid: name })
    .sign(new TextEncoder().encode(secret))
  const token = await app.token({ clientId: 'ann' })
  const statusOf = async (as: string) => (await app.ask('/channels/news/messages', { as })).status
  const statuses = () => Promise.all([old, jwt, token].map(statusOf))
  const byKey = await clients.connected({ key: old })
  const byJwt = await clients.connected({ token: jwt })
  const byToken = await clients.connected({ token })

  await latchkey(['keys', 'rotate', name, ...here])
  expect(await statuses()).toEqual([200, 200, 200])
  await latchkey(['keys', 'retire', name, ...here])
  await eventually(async () => (await statusOf(old)) === 401, 'the old secret is retired')
  expect(await statuses()).toEqual([401, 401, 200])
  await eventually(() => byKey.connection.state !== 'connected', 'that of the key ends')
  await eventually(() => byJwt.connection.state !== 'connected', 'that of the JWT ends')
  expect(byToken.connection.state).toBe('connected')
  await latchkey(['keys', 'revoke', name, ...here])
  await eventually(async () => (await statusOf(token)) === 401, 'the key is revoked')
  await eventually(() => byToken.connection.state !== 'connected', 'that of the token ends')
})
