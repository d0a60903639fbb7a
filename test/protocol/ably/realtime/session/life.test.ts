/** The life of a connection: heartbeats, limits, keys that change, and the end of the server. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ACTION, FrameClient, known } from '../../../../support/ably.ts'
import { AblyApp } from '../../../../support/ably-app.ts'
import { eventually } from '../../../../support/client.ts'
import { OPCODE } from '../../../../support/raw-frame.ts'
import { RawSocket } from '../../../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'
import { type TimedServer, startTimedServer } from '../../../../support/timed-server.ts'

describe('with a stopped clock', () => {
  let server: TimedServer
  let app: AblyApp

  beforeAll(async () => {
    server = await startTimedServer({
      sandbox: 'true',
      'message-rate': '1',
      'message-burst': '5',
      'frame-rate': '1',
      'frame-burst': '50',
      'channel-rate': '1',
      'channel-burst': '3',
      'max-attachments': '2',
    })
    app = await AblyApp.make(server.url)
  })
  afterAll(() => server.end())

  const connect = (more = '') => FrameClient.connected(app, `key=${app.keys[0]}&v=6${more}`)

  test('a heartbeat is sent after each interval, without an id', async () => {
    const client = await connect('&heartbeatInterval=5000')
    expect(client.frames[0]).toMatchObject({ connectionDetails: { maxIdleInterval: 5000 } })
    await client.settled()
    const answered = client.all(ACTION.HEARTBEAT).length
    server.clock.advance(5000)
    expect(await client.next(ACTION.HEARTBEAT, answered)).toEqual({ action: ACTION.HEARTBEAT })
    server.clock.advance(5000)
    await client.next(ACTION.HEARTBEAT, answered + 1)
  })

  test('a client that sees WebSocket pings gets those instead of heartbeats', async () => {
    const query = `key=${app.keys[0]}&v=2&heartbeats=false&heartbeatInterval=5000`
    const socket = await RawSocket.open(`${app.url.replace('http', 'ws')}/?${query}`)
    await socket.nextText('"connectionDetails"')
    server.clock.advance(5000)
    await socket.next(({ opcode }) => opcode === OPCODE.ping)
    server.clock.advance(5000)
    await socket.until(() => socket.frames.filter(({ opcode }) => opcode === OPCODE.ping)[1])
    // Its own heartbeat requests are still answered.
    socket.text('{"action":0,"id":"x"}')
    await socket.nextText('"id":"x"')
    expect(socket.texts).toHaveLength(2)
    socket.destroy()
  })

  test('every connection has the id of the server’s run', async () => {
    const serverIds = [await connect(), await connect()].map(({ frames }) => {
      const { serverId } = frames[0]!['connectionDetails'] as { serverId: unknown }
      return serverId
    })
    expect(serverIds).toEqual([expect.stringMatching(/^\S+$/), serverIds[0]])
  })

  test.each([
    ['1', 5000],
    ['99999999', 1_800_000],
    ['often', 15_000],
  ])('an interval of %s is taken as %d', async (asked, interval) => {
    const client = await connect(`&heartbeatInterval=${asked}`)
    expect(client.frames[0]).toMatchObject({ connectionDetails: { maxIdleInterval: interval } })
  })

  test('too many publishes on a connection are refused one by one', async () => {
    const client = await connect()
    for (let n = 0; n < 6; n++) {
      const messages = [{ data: 'x' }]
      client.send({ action: ACTION.MESSAGE, channel: `rate-${n}`, msgSerial: n, messages })
    }
    expect(await client.next(ACTION.NACK)).toMatchObject({ msgSerial: 5, error: { code: 42911 } })
    expect(client.all(ACTION.ACK)).toHaveLength(5)
    server.clock.advance(1000)
    client.send({ action: ACTION.MESSAGE, channel: 'rate', msgSerial: 6, messages: [{}] })
    await client.next(ACTION.ACK, 5)
  })

  test('too many publishes on a channel are refused, from all clients together', async () => {
    const [one, two] = [await connect(), await connect()]
    const publish = (client: FrameClient, msgSerial: number) =>
      client.send({ action: ACTION.MESSAGE, channel: 'busy', msgSerial, messages: [{ data: 'x' }] })
    for (const n of [0, 1, 2]) publish(one, n)
    await one.next(ACTION.ACK, 2)
    publish(two, 0)
    expect(await two.next(ACTION.NACK)).toMatchObject({ error: { code: 42913 } })
  })

  test('too many frames end the connection', async () => {
    const client = await connect()
    for (let n = 0; n < 60; n++) client.send({ action: 98 })
    expect(await client.next(ACTION.ERROR)).toMatchObject({ error: { code: 42924 } })
    await client.closing()
  })

  test('frames that make the server send much are charged more', async () => {
    const member = await connect()
    await member.attach('crowd')
    const presence = Array.from({ length: 96 }, (_, n) => ({ action: 2, clientId: `c${n}` }))
    member.send({ action: ACTION.PRESENCE, channel: 'crowd', msgSerial: 0, presence })
    await member.next(ACTION.ACK)
    const client = await connect()
    await client.attach('crowd')
    for (let n = 0; n < 6; n++) client.send({ action: ACTION.SYNC, channel: 'crowd' })
    expect(await client.next(ACTION.ERROR)).toMatchObject({ error: { code: 42924 } })
    expect(client.all(ACTION.SYNC).length).toBeLessThan(7)
  })

  test('the channels of a connection are limited, and attached ones can be attached again', async () => {
    const client = await connect()
    await client.attach('one')
    await client.attach('two')
    client.send({ action: ACTION.ATTACH, channel: 'three' })
    expect(await client.next(ACTION.ERROR)).toMatchObject({
      channel: 'three',
      error: { code: 90010, message: expect.stringContaining('2') },
    })
    await client.attach('two')
    client.send({ action: ACTION.DETACH, channel: 'one' })
    await client.attach('three')
  })
})

describe('with a running clock', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.end())

  test('a key that is revoked ends its connections at once', async () => {
    const key = await known(server, server.addKey())
    const client = await FrameClient.connected(server, `key=${key}`)
    server.revokeKey(key)
    const error = await client.next(ACTION.ERROR)
    expect(error).toMatchObject({ error: { code: 40131, statusCode: 401 } })
    await client.closing()
    await eventually(async () => {
      const again = new FrameClient(server, `key=${key}`)
      const refusal = await again.next(ACTION.ERROR)
      return (refusal['error'] as { code: number }).code === 40131
    }, 'the key is refused')
  })

  test('a stopping server disconnects clients so that they return', async () => {
    const other = await startTestServer({ sandbox: 'true' })
    const app = await AblyApp.make(other.url)
    const client = await FrameClient.connected(app, `key=${app.keys[0]}`)
    await other.end()
    const error = { statusCode: 503 }
    expect(await client.next(ACTION.DISCONNECTED)).toMatchObject({ error })
    await client.closing()
  })

  test('a plain request to the path of the sockets gets a page', async () => {
    const response = await fetch(`${server.url}/`, { redirect: 'manual' })
    expect(response.status).toBeLessThan(400)
  })
})
