/**
 * Another program holds `history.db`: channels in memory go on, and whoever publishes on one that is kept waits for
 * the acknowledgement, as it means that the disk has it. What waits is bounded.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { AblyApp } from '../support/ably-app.ts'
import { Clients } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { type Lock, lock } from '../support/disk.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

const RULES = [{ id: 'kept', persisted: true }]

let server: TestServer
let app: AblyApp
let clients: Clients
let held: Lock | undefined
beforeEach(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [], RULES)
  clients = new Clients(() => server)
})
afterEach(async () => {
  clients.end()
  await held?.release()
  held = undefined
  await server.end()
})

const hold = async () => {
  held = await lock(join(server.folder, 'history.db'), 'BEGIN IMMEDIATE')
}
const release = async () => {
  await held!.release()
  held = undefined
}
const publish = (channel: string, data: string) =>
  app.ask<{ error?: { code: number } }>(`/channels/${channel}/messages`, { body: { data } })
const dataOf = async (channel: string) => {
  const { body } = await app.ask<{ data: string }[]>(
    `/channels/${channel}/messages?direction=forwards&limit=1000`,
  )
  return body.map(({ data }) => data)
}
const connect = async () => (await clients.connected({ key: app.keys[0]! })).channels

interface Watched<T> {
  readonly promise: Promise<T>
  isDone: boolean
}
function watch<T>(promise: Promise<T>): Watched<T> {
  const watched = { promise, isDone: false }
  promise.then(
    () => (watched.isDone = true),
    () => (watched.isDone = true),
  )
  return watched
}

describe('while another program holds the history', () => {
  test('channels in memory go on, acknowledgements wait, and everything is kept in order', async () => {
    const channels = await connect()
    await channels.get('kept:room').attach()
    await hold()
    const waiting = [
      watch(publish('kept:room', '1')),
      watch(channels.get('kept:room').publish('n', '2')),
      watch(channels.get('kept:other').presence.enterClient('ann', 'here')),
    ]
    // A connection gets acknowledgements in the order of its messages (RTN7).
    const others = await connect()
    for (let i = 0; i < 30; i++) {
      await others.get('open').publish('n', `realtime ${i}`)
      expect((await publish('open', `rest ${i}`)).status).toBe(201)
    }
    expect(waiting.map(({ isDone }) => isDone)).toEqual([false, false, false])
    expect(await dataOf('open')).toHaveLength(60)
    await release()
    expect(((await waiting[0]!.promise) as { status: number }).status).toBe(201)
    await Promise.all(waiting.map(({ promise }) => promise))
    expect((await dataOf('kept:room')).toSorted()).toEqual(['1', '2'])
  })

  test('after too long publishers are told to try again, and nothing is kept', async () => {
    const channels = await connect()
    await channels.get('kept:room').attach()
    await publish('kept:room', 'before')
    await hold()
    const [rest, realtime, presence] = await Promise.all([
      publish('kept:room', 'rest'),
      channels
        .get('kept:room')
        .publish('n', 'realtime')
        .catch((error: { code: number; statusCode: number }) => error),
      channels
        .get('kept:room')
        .presence.enterClient('ann', 'here')
        .catch((error: { code: number }) => error),
    ])
    expect([rest.status, rest.body.error?.code]).toEqual([503, 50003])
    expect(realtime).toMatchObject({ code: 50003, statusCode: 503 })
    expect(presence).toMatchObject({ code: 50003 })
    await release()
    await eventually(async () => (await publish('kept:room', 'after')).status === 201, 'it goes on')
    expect(await dataOf('kept:room')).toEqual(['before', 'after'])
  })

  test('a channel with waiting entries cannot be read, others can', async () => {
    await publish('kept:quiet', 'old')
    const channels = await connect()
    await channels.get('kept:quiet').attach()
    await hold()
    const waiting = publish('kept:busy', 'new')
    await eventually(
      async () => (await app.ask('/channels/kept:busy/messages')).status === 503,
      'it is told',
    )
    const read = await app.ask<{ error: { code: number } }>('/channels/kept:busy/messages')
    expect(read.body.error.code).toBe(50003)
    expect(await dataOf('kept:quiet')).toEqual(['old'])
    // A rewind must include messages that are not written yet.
    const rewinding = channels.get('kept:busy', { params: { rewind: '5' } })
    const refused = await rewinding.attach().catch((error: { code: number }) => error)
    expect(refused).toMatchObject({ code: 50003 })
    await release()
    expect((await waiting).status).toBe(201)
    expect(await dataOf('kept:busy')).toEqual(['new'])
  })

  test('the queue is bounded: more is refused before it is delivered', async () => {
    const channels = await connect()
    const heard: string[] = []
    await channels.get('kept:flood').subscribe(({ data }) => void heard.push(data as string))
    await hold()
    // Together more than may wait.
    const large = 'x'.repeat(100_000)
    const flood = Array.from({ length: 200 }, (_, i) => publish('kept:flood', `${i} ${large}`))
    const answers = await Promise.all(flood)
    const statuses = new Set(answers.map(({ status }) => status))
    expect(statuses).toEqual(new Set([503]))
    // Those that were refused at once were delivered to nobody.
    expect(heard.length).toBeGreaterThan(100)
    expect(heard.length).toBeLessThan(180)
    expect((await publish('open', 'memory')).status).toBe(201)
    await release()
    await eventually(async () => (await publish('kept:flood', 'end')).status === 201, 'it goes on')
    expect(await dataOf('kept:flood')).toEqual(['end'])
  })

  test('an app that is deleted is forgotten afterwards', async () => {
    await publish('kept:room', 'secret')
    await hold()
    expect((await app.ask(`/apps/${app.id}`, { method: 'DELETE' })).status).toBe(204)
    await release()
    const { Database } = await import('bun:sqlite')
    const look = new Database(join(server.folder, 'history.db'), { readonly: true })
    const entries = () => (look.query('SELECT count(*) AS n FROM entries').get() as { n: number }).n
    await eventually(() => entries() === 0, 'it is gone from the disk')
    look.close()
  })

  test('a server stops when told to, and answers those who wait', async () => {
    await hold()
    const waiting = publish('kept:room', 'late').catch(() => ({ status: 0 }))
    await eventually(
      async () => (await app.ask('/channels/kept:room/messages')).status === 503,
      'it waits',
    )
    await server.stop()
    expect((await waiting).status).not.toBe(201)
  })
})
