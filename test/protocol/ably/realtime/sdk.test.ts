/** The published SDK against a real server, in both formats. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type Ably from 'ably'
import { AblyApp } from '../../../support/ably-app.ts'
import { eventually } from '../../../support/client.ts'
import { Clients } from '../../../support/ably.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
})
afterEach(() => clients.end())
afterAll(() => server.end())

let names = 0
const fresh = () => `room-${names++}`

describe.each([false, true])('with useBinaryProtocol %p', (useBinaryProtocol) => {
  const connect = (clientId?: string) =>
    clients.connected({ useBinaryProtocol, ...(clientId !== undefined && { clientId }) })

  test('publishes and subscribes, with ids, client ids and serials', async () => {
    const [ann, bob] = await Promise.all([connect('ann'), connect('bob')])
    const room = fresh()
    const got: Ably.InboundMessage[] = []
    await bob.channels.get(room).subscribe((message) => got.push(message))
    const channel = ann.channels.get(room)
    const values: unknown[] = [
      'text',
      { nested: { list: [1, 'ü'] } },
      Buffer.from([0, 255]),
      '',
      null,
    ]
    const serials: (string | undefined)[] = []
    for (const value of values)
      serials.push((await channel.publish('event', value)).serials[0] ?? undefined)
    await eventually(() => got.length === values.length, 'all came')
    expect(got.map(({ data }) => data as unknown)).toEqual([...values.slice(0, -1), undefined])
    expect(got.map(({ serial }) => serial)).toEqual(serials)
    expect(serials.toSorted()).toEqual(serials)
    expect(new Set(got.map(({ id }) => id)).size).toBe(values.length)
    expect(got[0]).toMatchObject({
      clientId: 'ann',
      name: 'event',
      connectionId: ann.connection.id,
      action: 'message.create',
    })
  })

  test('keeps fifty publishes at once in order', async () => {
    const client = await connect()
    const channel = client.channels.get(fresh())
    const got: unknown[] = []
    await channel.subscribe(({ data }) => got.push(data))
    await Promise.all(Array.from({ length: 50 }, (_, index) => channel.publish('n', String(index))))
    await eventually(() => got.length === 50, 'all came')
    expect(got).toEqual(Array.from({ length: 50 }, (_, index) => String(index)))
  })

  test('enters presence, is found by later clients, and leaves', async () => {
    const [ann, bob] = await Promise.all([connect('ann'), connect('bob')])
    const room = fresh()
    const events: string[] = []
    await bob.channels.get(room).presence.subscribe(({ action, clientId, data }) => {
      events.push(`${action} ${clientId} ${JSON.stringify(data)}`)
    })
    const { presence } = ann.channels.get(room)
    await presence.enter({ mood: 'good' })
    await presence.update('better')
    const eve = await connect('eve')
    const members = await eve.channels.get(room).presence.get()
    expect(members).toMatchObject([{ clientId: 'ann', data: 'better', action: 'present' }])
    await presence.leave()
    await eventually(() => events.length === 3, 'all was told')
    expect(events).toEqual([
      'enter ann {"mood":"good"}',
      'update ann "better"',
      'leave ann "better"',
    ])
  })

  test('leaves when it closes', async () => {
    const [ann, bob] = await Promise.all([connect('ann'), connect('bob')])
    const room = fresh()
    await ann.channels.get(room).presence.enter('here')
    const watched = bob.channels.get(room)
    expect(await watched.presence.get()).toHaveLength(1)
    const left = new Promise<Ably.PresenceMessage>(
      (resolve) => void watched.presence.subscribe('leave', resolve),
    )
    ann.close()
    expect(await left).toMatchObject({ clientId: 'ann', data: 'here' })
  })

  test('resumes after a lost network without missing anything', async () => {
    const [ann, bob] = await Promise.all([connect('ann'), connect('bob')])
    const room = fresh()
    const got: unknown[] = []
    const channel = bob.channels.get(room)
    await channel.subscribe(({ data }) => got.push(data))
    const { id, key: before } = bob.connection
    const gone = new Promise((resolve) => bob.connection.once('disconnected', resolve))
    dropTransport(bob)
    await ann.channels.get(room).publish('n', 'meanwhile')
    await gone
    await bob.connection.whenState('connected')
    expect(bob.connection.id).toBe(id)
    expect(bob.connection.key).not.toBe(before)
    await ann.channels.get(room).publish('n', 'later')
    await eventually(() => got.length === 2, 'both came')
    expect(got).toEqual(['meanwhile', 'later'])
  })

  test('answers ping', async () => {
    const client = await connect()
    expect(await client.connection.ping()).toBeGreaterThanOrEqual(0)
  })
})

test('reads messages of the other format unchanged', async () => {
  const [text, binary] = await Promise.all(
    [false, true].map((useBinaryProtocol) => clients.connected({ useBinaryProtocol })),
  )
  const room = fresh()
  const got: unknown[] = []
  for (const client of [text!, binary!])
    await client.channels.get(room).subscribe(({ data }) => got.push(data))
  for (const value of [Buffer.from([1, 2, 254]), { a: ['ß'] }, 'plain']) {
    for (const client of [text!, binary!]) {
      await client.channels.get(room).publish('event', value)
      await eventually(() => got.length === 2, 'both got it')
      expect(got.splice(0)).toEqual([value, value])
    }
  }
})

/** Ends the socket of a client without its SDK having asked for it. */
function dropTransport(client: Ably.Realtime): void {
  const { connectionManager } = client.connection as unknown as {
    connectionManager: {
      activeProtocol: {
        getTransport(): { uri: string; wsConnection: { terminate?(): void; close(): void } }
      }
    }
  }
  connectionManager.activeProtocol.getTransport().wsConnection.close()
}
