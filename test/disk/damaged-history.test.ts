/**
 * Pages of `history.db` go bad under a running server: whatever needs them fails in the words of its protocol, and
 * settles; all else goes on, and the log says it once.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { basic } from '../support/sandbox-app.ts'
import { AblyApp } from '../support/ably-app.ts'
import { Clients } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { damage } from '../support/disk.ts'
import { RestartableServer } from '../support/restartable.ts'

const RULES = [
  { id: 'kept', persisted: true },
  { id: 'drafts', persisted: true, mutableMessages: true },
]
const BAD = 'kept:bad'
const PAGE = 4096

let server: RestartableServer
let app: AblyApp
let clients: Clients
let serial: string

/** Everything that is in the tables by now becomes unreadable; what is written later is in other pages, or fails. */
beforeAll(async () => {
  server = await RestartableServer.start('--sandbox', '--key-rate', '0', '--connection-rate', '0')
  app = await AblyApp.make(server.url, [], RULES)
  clients = new Clients(() => server)
  const text = 'x'.repeat(3000)
  for (let i = 0; i < 10; i++) {
    const body = Array.from({ length: 20 }, (_, at) => ({ name: `${at}`, data: text }))
    expect((await app.ask(`/channels/${BAD}/messages`, { body })).status).toBe(201)
  }
  const published = await app.ask<{ serials: string[] }>('/channels/drafts:bad/messages', {
    body: { data: text },
  })
  serial = published.body.serials[0]!
  await server.stop()
  // Memory of what was published must not stand in for the file.
  await Bun.$`rm -f ${join(server.folder, 'running.state')}`
  await server.start()
  const path = join(server.folder, 'history.db')
  // The first pages hold the schema, which is known, and the roots of tables.
  const begin = 24 * PAGE
  damage(path, begin, statSync(path).size - begin)
})
afterAll(async () => {
  clients?.end()
  await server?.end()
})

interface Refusal {
  readonly error: { readonly code: number; readonly statusCode: number; readonly message: string }
}

const UNREADABLE = { code: 50000, statusCode: 500 }

describe('reading over REST gives an error of the protocol', () => {
  test.each([
    `/channels/${BAD}/messages`,
    `/channels/${BAD}/history?direction=forwards`,
    `/channels/${BAD}/messages?limit=1&start=1`,
  ])('GET %s', async (path) => {
    const { status, body, headers } = await app.ask<Refusal>(path)
    expect({ status, error: body.error }).toMatchObject({ status: 500, error: UNREADABLE })
    expect(body.error.message).toBe('what the channel remembers cannot be read')
    expect(headers.get('content-type')).toBe('application/json')
    const binary = await app.ask<Refusal>(path, { binary: true })
    expect(binary.body.error).toMatchObject(UNREADABLE)
  })
})

test('a rewind is refused, and the client settles', async () => {
  const { channels } = await clients.connected({ key: app.keys[0]! })
  const channel = channels.get(BAD, { params: { rewind: '100' } })
  const refused = await channel.attach().catch((error: object) => error)
  expect(refused).toMatchObject(UNREADABLE)
  expect(channel.state).toBe('failed')
  // Without a rewind the channel can be attached.
  const plain = (await clients.connected({ key: app.keys[0]! })).channels.get(BAD)
  await plain.attach()
  expect(plain.state).toBe('attached')
})

test('an event stream that rewinds is refused by status', async () => {
  const query = `channels=${BAD}&v=1.2&rewind=100`
  const response = await fetch(`${server.url}/event-stream?${query}`, {
    headers: { authorization: basic(app.keys[0]!), 'x-ably-version': '6' },
  })
  expect(response.status).toBe(500)
  expect(((await response.json()) as Refusal).error).toMatchObject(UNREADABLE)
})

test('changes of a message that cannot be read are refused', async () => {
  const path = `/channels/drafts:bad/messages/${encodeURIComponent(serial)}`
  const patched = await app.ask<Refusal>(path, {
    method: 'PATCH',
    body: { action: 1, data: 'new' },
  })
  expect([500, 404]).toContain(patched.status)
  const annotated = await app.ask<Refusal>(`${path}/annotations`, {
    body: [{ type: 'reaction:flag.v1', action: 0, clientId: 'ann' }],
  })
  expect([500, 404]).toContain(annotated.status)
})

test('channels in memory go on, and clients stay on the damaged one', async () => {
  const { channels } = await clients.connected({ key: app.keys[0]! })
  const heard: unknown[] = []
  await channels.get('open').subscribe(({ data }) => void heard.push(data))
  for (let i = 0; i < 10; i++) await channels.get('open').publish('n', `${i}`)
  await eventually(() => heard.length === 10, 'all are heard')
  expect((await app.ask('/channels/open/messages')).body).toHaveLength(10)
  // It is kept or it is refused, and either is told.
  const published = await channels
    .get(BAD)
    .publish('n', 'new')
    .then(
      () => 'kept',
      (error: { code: number }) => error.code,
    )
  expect(['kept', 50000]).toContain(published)
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200)
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)
})

test('the damage is logged once, and not as a bug', async () => {
  await eventually(() => server.logs.some(({ level }) => level === 'ERROR'), 'it is told')
  const errors = server.logs.filter(({ level }) => level === 'ERROR' || level === 'FATAL')
  const texts = errors.map(({ error }) => String(error))
  expect(new Set(texts).size).toBe(texts.length)
  for (const text of texts)
    expect(text).toMatch(/^history\.db cannot be (read|written): it is damaged$/)
})
