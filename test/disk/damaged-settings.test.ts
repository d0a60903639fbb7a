/** Pages of `latchkey.db` go bad under a running server: what needs them is refused in its own words, all else goes on. */
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Caller } from '../api/caller.ts'
import { DashboardUser } from '../dashboard/dashboard-user.ts'
import { AblyApp } from '../support/ably-app.ts'
import { Clients } from '../support/ably.ts'
import { Client } from '../support/client.ts'
import { damage } from '../support/disk.ts'
import type { TestServer } from '../support/server.ts'

let caller: Caller
let server: TestServer
let app: AblyApp
let owner: DashboardUser
let clients: Clients

beforeAll(async () => {
  caller = await Caller.start({ sandbox: 'true' })
  server = caller.server
  app = await AblyApp.make(server.url)
  owner = await DashboardUser.owner(server)
  clients = new Clients(() => server)
  const path = join(server.folder, 'latchkey.db')
  const other = new Database(path)
  // A write of another program makes the server read the pages again.
  other.run('PRAGMA busy_timeout = 5000')
  other.run("INSERT INTO facts (name, value) VALUES ('other', x'00')")
  other.run('PRAGMA wal_checkpoint(RESTART)')
  damage(path, 4096, statSync(path).size - 4096)
  other.run("UPDATE facts SET value = x'01' WHERE name = 'none'")
  other.close()
})
afterAll(async () => {
  clients.end()
  await server.end().catch(() => {})
})

const DAMAGED = 'the settings of the server cannot be used: it is damaged'

test('the API answers with an error', async () => {
  for (const [method, path, body] of [
    ['GET', '/accounts/owner/apps', undefined],
    ['POST', '/accounts/owner/apps', { name: 'x' }],
  ] as const) {
    const answer = await caller.call(method, path, body === undefined ? {} : { body })
    expect({ status: answer.status, reason: answer.body.reason }).toEqual({
      status: 503,
      reason: 'settings_unusable',
    })
    expect(answer.body.message).toBe(DAMAGED)
  }
})

test('REST answers with an error, in both formats', async () => {
  for (const binary of [false, true]) {
    const { status, body } = await app.ask<{ error: { code: number; message: string } }>(
      '/push/deviceRegistrations',
      { binary },
    )
    expect({ status, error: body.error }).toMatchObject({
      status: 503,
      error: { code: 50003, message: DAMAGED },
    })
  }
})

test('the dashboard answers with an error page', async () => {
  const { status, text } = await owner.get('/apps')
  expect(status).toBe(503)
  expect(text).toContain('cannot be used')
})

test('connected clients and newcomers keep talking', async () => {
  const [ann, bob] = [
    await Client.join(`${server.sockets}lobby`),
    await Client.join(`${server.sockets}lobby`),
  ]
  ann.sendJson('hello')
  await bob.message('hello')
  const { channels } = await clients.connected({ key: app.keys[0]! })
  await channels.get('open').publish('n', 'd')
  expect((await app.ask('/channels/open/messages')).status).toBe(200)
})
