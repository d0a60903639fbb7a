/** A list of revocations is charged by its length and written as one change. */
import { afterEach, describe, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { DATABASE_FILE } from '../../../../src/store/database.ts'
import { AblyApp } from '../../../support/ably-app.ts'
import { basic, newSandboxApp } from '../../../support/sandbox-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

const MANY = 100

let server: TestServer
afterEach(() => server.end())

const keys = (count: number) => Array.from({ length: count }, () => ({}))
const rules = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `rule-${i}` }))
describe('revocations', () => {
  const targets = Array.from({ length: MANY }, (_, i) => `clientId:client-${i}`)

  function revoke(app: AblyApp) {
    const path = `/keys/${app.keys[0]!.split(':')[0]}/revokeTokens`
    return app.ask(path, { body: { targets } })
  }

  test('are charged to the key one by one', async () => {
    server = await startTestServer({ sandbox: 'true', 'key-rate': '1', 'key-burst': '50' })
    const app = await AblyApp.make(server.url)
    expect((await revoke(app)).status).toBe(201)
    expect((await revoke(app)).status).toBe(429)
  })

  test('of one request are one change', async () => {
    server = await startTestServer({ sandbox: 'true' })
    const app = await AblyApp.make(server.url)
    const token = await app.token({ clientId: 'client-99' })
    const database = new Database(join(server.folder, DATABASE_FILE), { readonly: true })
    const changes = () =>
      database.query<{ last: number }, []>('SELECT max(seq) AS last FROM changes').get()!.last
    const before = changes()
    await revoke(app)
    expect(changes()).toBe(before + 1)
    database.close()
    const { headers } = await app.ask('/channels/x/messages', { as: token })
    expect(headers.get('x-ably-errorcode')).toBe('40141')
  })
})

test('a sandbox app of maximal size is created whole', async () => {
  server = await startTestServer({ sandbox: 'true' })
  const wish = { keys: keys(MANY), namespaces: rules(MANY) }
  const made = await newSandboxApp(server.url, wish)
  expect(new Set(made.keys.map(({ keyName }) => keyName)).size).toBe(MANY)
  expect(made.namespaces.map(({ id }) => id)).toEqual(rules(MANY).map(({ id }) => id))
  const authorization = basic(made.keys[MANY - 1]!.keyStr)
  const answer = await fetch(`${server.url}/channels/x/messages`, { headers: { authorization } })
  expect(answer.status).toBe(200)
})
