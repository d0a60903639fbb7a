/** Live objects where the disk keeps nothing: nobody is told that something was kept, or that nothing is there. */
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { AblyApp, type ErrorBody } from '../../../../support/ably-app.ts'
import { ACTION, FrameClient } from '../../../../support/ably.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
})
afterAll(() => server.end())

const set = (value: number) => ({ path: '', mapSet: { key: 'k', value: { number: value } } })
const post = (room: string, value: number) =>
  app.ask<ErrorBody>(`/channels/${room}/object`, { body: set(value) })

function onDisk(statement: string): void {
  const database = new Database(join(server.folder!, 'history.db'))
  database.run(statement)
  database.close()
}

test('what could not be kept is refused, and kept whole as soon as that is possible', async () => {
  expect((await post('room', 1)).status).toBe(201)
  onDisk('ALTER TABLE object_channels RENAME TO hidden')
  const { body, status } = await post('room', 2)
  expect([status, body.error.code]).toEqual([500, 50_000])
  // Another channel has to be read first, which cannot be.
  expect((await post('other', 1)).status).toBe(500)
  expect((await app.ask('/channels/third/object')).status).toBe(500)
  const client = await FrameClient.connected(server, `key=${encodeURIComponent(app.keys[0]!)}&v=6`)
  client.send({ action: ACTION.ATTACH, channel: 'third', flags: 1 << 24 })
  const error = await client.next(ACTION.ERROR)
  expect(error).toMatchObject({ channel: 'third', error: { code: 50_000 } })
  client.terminate()
  onDisk('ALTER TABLE hidden RENAME TO object_channels')
  expect((await post('room', 3)).status).toBe(201)
  expect((await app.ask('/channels/room/object')).body).toEqual({ k: 3 })
})
