/** Answers to publishers over REST when the history cannot be written. */
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { AblyApp, type ErrorBody } from '../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  const rules = [{ id: 'kept', persisted: true }]
  app = await AblyApp.make(server.url, [], rules)
})
afterAll(() => server.end())

const post = (path: string, body: unknown) => app.ask<ErrorBody>(path, { body })

test('publishers are told for each channel that nothing was kept, and may retry', async () => {
  const message = { id: 'mine', data: 'x' }
  expect((await post('/channels/kept:a/messages', { data: 'before' })).status).toBe(201)
  breakHistory()
  for (let i = 0; i < 2; i++) {
    const { status, body, headers } = await post('/channels/kept:a/messages', message)
    expect([status, body.error.code]).toEqual([500, 50000])
    expect(headers.get('x-ably-errorcode')).toBe('50000')
  }
  const batch = await post('/messages', { channels: ['kept:a', 'other'], messages: message })
  expect(batch.body).toMatchObject({
    successCount: 1,
    failureCount: 1,
    results: [{ channel: 'kept:a', error: { code: 50000, statusCode: 500 } }, { channel: 'other' }],
  })
})

/** Drops the tables, as a damaged disk might. */
function breakHistory(): void {
  const database = new Database(join(server.folder!, 'history.db'))
  const tables = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all()
  for (const { name } of tables)
    if (!name.startsWith('sqlite_')) database.run(`DROP TABLE "${name}"`)
  database.close()
}
