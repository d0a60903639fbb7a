/** Limits that the owner sets for one app. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { systemClock } from '../../../src/core/clock.ts'
import type { AppLimits } from '../../../src/policy/app-limits.ts'
import { openServices } from '../../../src/service/services.ts'
import type { AblyApp, ErrorBody } from '../../support/ably-app.ts'
import { ACTION, Clients, FrameClient } from '../../support/ably.ts'
import { eventually } from '../../support/client.ts'
import { metric, statusOf } from '../../support/itty.ts'
import { names, startOwners } from '../../support/owners.ts'
import type { TestServer } from '../../support/server.ts'

let server: TestServer
let app: AblyApp
let other: AblyApp
const clients = new Clients(() => app)

beforeEach(async () => {
  ;({ server, greedy: app, small: other } = await startOwners({}))
})
afterEach(async () => {
  clients.end()
  await server.end()
})

/** As the command line does, beside the server. */
function withServices(act: (services: ReturnType<typeof openServices>) => unknown): void {
  const services = openServices(server.config, systemClock, false)
  try {
    act(services)
  } finally {
    services.close()
  }
}

const limit = (limits: Partial<AppLimits>) =>
  withServices(({ apps }) => expect(apps.set(app.id, limits)).toMatchObject({ ok: true }))

const connect = (of: AblyApp) => new FrameClient(of, `key=${of.keys[0]}&v=6`)

test('connections: one more is refused until another has closed', async () => {
  const first = await clients.connected()
  limit({ maxConnections: 1 })
  await eventually(async () => {
    const client = connect(app)
    await client.until(() => client.frames[0])
    const [frame] = client.frames
    if (frame!.action === ACTION.CONNECTED) client.send({ action: ACTION.CLOSE })
    else expect(frame).toMatchObject({ error: { code: 40150, statusCode: 503 } })
    await client.closing()
    return frame!.action === ACTION.ERROR
  }, 'another is refused')
  const key = encodeURIComponent(app.keys[0]!)
  const stream = await fetch(`${server.url}/sse?channels=a&v=2&key=${key}`)
  expect(stream.status).toBe(503)
  expect((await stream.json()) as ErrorBody).toMatchObject({ error: { code: 40150 } })
  await FrameClient.connected(other, `key=${other.keys[0]}&v=6`)
  const waiting = clients.make({ disconnectedRetryTimeout: 100 })
  first.close()
  await waiting.connection.whenState('connected')
})

test('channels: unused ones are evicted, used ones are not', async () => {
  limit({ maxChannels: 3 })
  const listed = async () => (await app.ask<string[]>('/channels')).body
  await eventually(async () => {
    await app.ask('/messages', { body: { channels: names('a-', 5), messages: {} } })
    return (await listed()).length === 3
  }, 'only three are remembered')
  const client = await clients.connected()
  for (const name of names('b-', 3)) await client.channels.get(name).attach()
  expect(await listed()).toEqual(names('b-', 3))
  const refused = client.channels.get('b-more')
  await expect(refused.attach()).rejects.toMatchObject({ code: 40114, statusCode: 429 })
  const { status, body } = await app.ask<ErrorBody>('/channels/c/messages', { body: {} })
  expect([status, body.error.code]).toEqual([429, 40114])
  expect((await other.ask('/channels/c/messages', { body: {} })).status).toBe(201)
})

test('channels of a linked reservation are counted', async () => {
  limit({ maxChannels: 1 })
  withServices(({ accounts, reservations }) => {
    const added = reservations.add(accounts.ensureOwner(), 'acme', { app: app.id })
    expect(added).toMatchObject({ ok: true })
  })
  const client = await clients.connected()
  await client.channels.get('mine').attach()
  await eventually(
    async () => (await statusOf(`${server.sockets}acme/news`)) === 429,
    'guests are refused',
  )
})

test('memory: the app’s oldest messages are forgotten, and no others', async () => {
  limit({ memoryMb: 1 })
  const data = 'x'.repeat(50_000)
  const kept = async (of: AblyApp) => {
    for (let i = 0; i < 2; i++)
      await of.ask('/messages', { body: { channels: names('m-', 10), messages: { data } } })
    const pages = names('m-', 10).map((name) => of.ask<unknown[]>(`/channels/${name}/messages`))
    return (await Promise.all(pages)).reduce((sum, { body }) => sum + body.length, 0)
  }
  await eventually(async () => (await kept(app)) <= 10, 'only half a megabyte is left')
  expect(await kept(other)).toBe(20)
})

test('disk: the app’s oldest messages are removed, and no others', async () => {
  limit({ diskMb: 1 })
  const data = 'x'.repeat(50_000)
  const keep = async (of: AblyApp) => {
    for (let i = 0; i < 4; i++)
      await of.ask('/messages', { body: { channels: names('kept:', 10), messages: { data } } })
  }
  const kept = async (of: AblyApp) => {
    const pages = names('kept:', 10).map((name) => of.ask<unknown[]>(`/channels/${name}/messages`))
    return (await Promise.all(pages)).reduce((sum, { body }) => sum + body.length, 0)
  }
  await Promise.all([keep(other), keep(app)])
  const used = () => metric(server, 'latchkey_history_bytes')
  await eventually(async () => (await used()) < 3.3 * 1_048_576, 'only a megabyte is left')
  expect(await kept(app)).toBeLessThan(22)
  expect(await kept(app)).toBeGreaterThan(15)
  expect(await kept(other)).toBe(40)
})
