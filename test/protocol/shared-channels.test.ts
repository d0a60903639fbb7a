/** Both kinds of client on the channels of a linked reservation. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type Ably from 'ably'
import { Clients, known } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { IttyClient, type Options, reserve, reserveAll, statusOf } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

const SEND_KEY = 'a-send-key'
let server: TestServer
let key: string
const clients = new Clients(() => server)
const guests: IttyClient[] = []

beforeAll(async () => {
  server = await startTestServer()
  key = await known(server, server.addKey())
  await reserveAll(server, {
    acme: { sendKey: SEND_KEY, app: 'default' },
    'acme/own': {},
    apart: {},
  })
})
afterEach(() => {
  clients.end()
  for (const guest of guests.splice(0)) guest.socket.close()
})
afterAll(() => server.end())

let names = 0
const fresh = () => `acme/room-${names++}`

async function join(channel: string, options?: Options): Promise<IttyClient> {
  const guest = await IttyClient.join(server.sockets + channel, options)
  guests.push(guest)
  return guest
}

function channelOf(name: string, options: Ably.ClientOptions = {}): Ably.RealtimeChannel {
  return clients.make({ key, ...options }).channels.get(name)
}

describe('messages', () => {
  test.each([
    ['text', 'text'],
    ['', ''],
    [{ a: [1, 'ü'] }, { a: [1, 'ü'] }],
    [5, 5],
    [null, null],
    [false, false],
  ])('the value %p of an itty client becomes the data of a message', async (value, data) => {
    const room = fresh()
    const guest = await join(room, { sendKey: SEND_KEY, alias: 'ann' })
    const got: Ably.InboundMessage[] = []
    await channelOf(room).subscribe((message) => got.push(message))
    guest.socket.send(value)
    await eventually(() => got.length === 1, 'it came')
    expect(got[0]).toMatchObject({ data, clientId: 'guest:ann', connectionId: guest.uid })
    expect(got[0]!.name).toBeUndefined()
  })

  test.each([
    ['text', 'text'],
    [{ a: 1 }, { a: 1 }],
    [Buffer.from([1, 2]), 'AQI='],
  ])('the data %p of a message reaches an itty client', async (data, value) => {
    const room = fresh()
    const guest = await join(room)
    const channel = channelOf(room, { clientId: 'bob' })
    await channel.publish('event', data)
    const event = await guest.message(value)
    expect(event).toMatchObject({ alias: 'bob', message: value })
    expect(typeof event['uid']).toBe('string')
  })

  test('itty clients reach each other, and a message without echo is not returned', async () => {
    const room = fresh()
    const [ann, bob] = [
      await join(room, { sendKey: SEND_KEY, alias: 'ann' }),
      await join(room, { sendKey: SEND_KEY }),
    ]
    ann.socket.send('from ann')
    expect(await bob.message('from ann')).toMatchObject({ alias: 'ann', uid: ann.uid })
    bob.socket.send('from bob')
    const event = await ann.message('from bob')
    expect(event['alias']).toBeUndefined()
    expect(ann.messages).toEqual(['from bob'])
  })

  test('an HTTP push arrives on both sides', async () => {
    const room = fresh()
    const guest = await join(room)
    const got: unknown[] = []
    await channelOf(room).subscribe(({ data }) => got.push(data))
    const response = await fetch(`${server.url}/push/${room}`, {
      method: 'POST',
      headers: { 'x-send-key': SEND_KEY },
      body: '"pushed"',
    })
    expect(await response.json()).toEqual({ receivers: 2 })
    await guest.message('pushed')
    await eventually(() => got.length === 1, 'it came')
    expect(got).toEqual(['pushed'])
  })

  test('messages of itty clients are in the history', async () => {
    const room = fresh()
    const guest = await join(room, { sendKey: SEND_KEY, echo: true })
    guest.socket.send({ n: 1 })
    await guest.message({ n: 1 })
    const { items } = await channelOf(room).history()
    expect(items.map(({ data }) => data as unknown)).toEqual([{ n: 1 }])
  })
})

describe('members', () => {
  test('joins and presence appear on both sides, with one total', async () => {
    const room = fresh()
    const guest = await join(room, { announce: true, alias: 'ann', list: true })
    const channel = channelOf(room, { clientId: 'bob' })
    const seen: string[] = []
    await channel.presence.subscribe(({ action, clientId }) => {
      seen.push(`${action} ${clientId}`)
    })
    await channel.presence.enter()
    const joined = await guest.next((event) => event['alias'] === 'bob')
    expect(joined).toMatchObject({ type: 'join', alias: 'bob', total: 2 })
    const late = await join(room, { list: true })
    const own = await late.next((event) => event['self'] === true)
    expect(own['total']).toBe(3)
    expect(JSON.stringify(own['users'])).toContain('bob')
    await channel.presence.leave()
    expect(await guest.next((event) => event['type'] === 'leave')).toMatchObject({ alias: 'bob' })
    guest.socket.close()
    await eventually(() => seen.includes('leave guest:ann'), `seen: ${seen.join()}`)
    expect(seen.filter((event) => event.includes('ann'))).toEqual([
      'present guest:ann',
      'leave guest:ann',
    ])
  })

  test('a guest that does not announce itself is counted but not named', async () => {
    const room = fresh()
    await join(room)
    const channel = channelOf(room)
    await channel.attach()
    expect(await channel.presence.get()).toEqual([])
    const status = await fetch(`${server.url}/channels/${encodeURIComponent(room)}`, {
      headers: { authorization: `Basic ${btoa(key)}` },
    })
    const { status: state } = (await status.json()) as {
      status: { occupancy: { metrics: { connections: number } } }
    }
    expect(state.occupancy.metrics.connections).toBe(2)
  })

  test('a guest cannot take the name of a client of the app', async () => {
    const room = fresh()
    await join(room, { announce: true, alias: 'admin' })
    const members = await channelOf(room).presence.get()
    expect(members.map(({ clientId }) => clientId)).toEqual(['guest:admin'])
  })
})

describe('access', () => {
  test('the reservation applies to itty clients as before', async () => {
    const room = fresh()
    const listener = await join(room)
    const got: unknown[] = []
    await channelOf(room).subscribe(({ data }) => got.push(data))
    listener.socket.send('no key')
    await listener.error()
    expect(await statusOf(`${server.sockets}${room}?joinKey=surplus`)).toBe(403)
    await channelOf(room).publish('end', 'end')
    await eventually(() => got.length > 0, 'the end came')
    expect(got).toEqual(['end'])
  })

  test.each(['apart/room', 'acme/own/room', 'nobody/room', 'acmex/room'])(
    'itty clients on %s do not reach the app',
    async (room) => {
      const guest = await join(room, { announce: true, echo: true })
      const channel = channelOf(room)
      const got: unknown[] = []
      await channel.subscribe(({ data }) => got.push(data))
      guest.socket.send('inside')
      await guest.message('inside')
      await channel.publish('x', 'outside')
      await eventually(() => got.length > 0, 'its own came')
      expect(got).toEqual(['outside'])
      expect(guest.messages).toEqual(['inside'])
      expect(await channel.presence.get()).toEqual([])
    },
  )

  test('a client of the SDK needs a capability for the channel', async () => {
    const narrow = await known(
      server,
      server.addKey({ capability: { privileges: undefined, channels: ['none', 'else:*'] } }),
    )
    const channel = channelOf(fresh(), { key: narrow })
    const failure = await channel.attach().catch((error: Ably.ErrorInfo) => error)
    expect((failure as Ably.ErrorInfo).code).toBe(40160)
  })

  test('members are moved when a channel is linked or unlinked', async () => {
    await reserve(server, 'moved', { sendKey: SEND_KEY })
    const room = `moved/room-${names++}`
    const guest = await join(room, { sendKey: SEND_KEY, announce: true })
    const channel = channelOf(room)
    await channel.attach()
    server.change('moved', { app: 'default' })
    await guest.error()
    const back = await join(room, { sendKey: SEND_KEY, announce: true })
    await eventually(async () => (await channel.presence.get()).length === 1, 'it is here now')
    server.change('moved', { app: null })
    await back.error()
    await eventually(async () => (await channel.presence.get()).length === 0, 'it is gone again')
  })
})
