/** Frames of the realtime protocol, one by one: what is sent for what, and in which order. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp } from '../../../../support/ably-app.ts'
import { ACTION, FrameClient } from '../../../../support/ably.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [{ mine: ['subscribe'] }])
})
afterAll(() => server.end())

const connect = (more = '') => FrameClient.connected(app, `key=${app.keys[0]}&v=6${more}`)

let names = 0
const fresh = () => `frames-${names++}`

describe('connecting', () => {
  test('is answered with one complete CONNECTED first', async () => {
    const client = await connect('&clientId=ann')
    const [first] = client.frames
    expect(first).toMatchObject({
      action: ACTION.CONNECTED,
      connectionId: expect.stringMatching(/^[\w-]+$/),
      connectionDetails: {
        connectionKey: expect.stringMatching(/^[\w!-]+$/),
        clientId: 'ann',
        connectionStateTtl: 120_000,
        maxIdleInterval: 15_000,
        maxMessageSize: server.config.maxMessageBytes,
      },
    })
    expect(JSON.stringify(first).length).toBeLessThan(1024)
  })

  test.each([
    ['key=this.is:wrong', 40101],
    ['', 40101],
    ['access_token=made-up', 40101],
    ['access_token=made.up:now', 40005],
    ['key=nonsense', 40101],
    ['key=app.key', 40005],
    ['v=1.1', 40017],
    ['format=xml', 40003],
  ])('with "%s" is refused in a frame, then closed', async (query, code) => {
    const client = new FrameClient(server, query.includes('=') ? query : '')
    const error = await client.next(ACTION.ERROR)
    expect(error).toMatchObject({ error: { code, message: expect.any(String) } })
    expect('channel' in error).toBe(false)
    await client.closing()
    expect(client.frames).toHaveLength(1)
  })

  test('CLOSE is answered, and ends the connection', async () => {
    const client = await connect()
    client.send({ action: ACTION.CLOSE })
    await client.next(ACTION.CLOSED)
    await client.closing()
    const again = await connect(`&resume=${client.connectionKey}`)
    expect(again.frames[0]).toMatchObject({ error: { code: 80018, statusCode: 400 } })
    expect(again.connectionId).not.toBe(client.connectionId)
  })

  test('heartbeats are answered with their id, or with none', async () => {
    const client = await connect()
    client.send({ action: ACTION.HEARTBEAT, id: 'abc' })
    client.send({})
    expect(await client.next(ACTION.HEARTBEAT)).toEqual({ action: ACTION.HEARTBEAT, id: 'abc' })
    expect(await client.next(ACTION.HEARTBEAT, 1)).toEqual({ action: ACTION.HEARTBEAT })
  })
})

describe('channels', () => {
  test('are attached with the requested modes, as far as permitted', async () => {
    const client = await connect()
    const attached = await client.attach(fresh())
    expect(attached).toMatchObject({ channelSerial: expect.any(String), flags: 0x2f0000 })
    const limited = await FrameClient.connected(app, `key=${app.keys[1]}`)
    expect(await limited.attach('mine')).toMatchObject({ flags: 0x0c0000 })
    expect(await limited.attach('mine', { params: { modes: 'subscribe' } })).toMatchObject({
      flags: 0x040000,
      params: { modes: 'subscribe' },
    })
  })

  test.each([
    ['', 40010],
    [':hell', 40010],
    ['[what]room', 40010],
    ['[filter=bm90IGEgZmlsdGVyKCg=]room', 40003],
  ])('called "%s" are refused each time, and the connection stays', async (channel, code) => {
    const client = await connect()
    for (const n of [0, 1]) {
      client.send({ action: ACTION.ATTACH, channel })
      expect(await client.next(ACTION.ERROR, n)).toMatchObject({ channel, error: { code } })
    }
    await client.settled()
  })

  test('beyond the capability are refused', async () => {
    const client = await FrameClient.connected(app, `key=${app.keys[1]}`)
    client.send({ action: ACTION.ATTACH, channel: 'other' })
    const error = { code: 40160, statusCode: 401 }
    expect(await client.next(ACTION.ERROR)).toMatchObject({ channel: 'other', error })
  })

  test('can be detached whether or not they were attached', async () => {
    const client = await connect()
    const channel = fresh()
    await client.attach(channel)
    for (const n of [0, 1]) {
      client.send({ action: ACTION.DETACH, channel })
      expect(await client.next(ACTION.DETACHED, n)).toEqual({ action: ACTION.DETACHED, channel })
    }
  })

  test('can be attached again with other modes', async () => {
    const client = await connect()
    const channel = fresh()
    await client.attach(channel, { params: { modes: 'publish' } })
    const publish = (msgSerial: number) =>
      client.send({ action: ACTION.MESSAGE, channel, msgSerial, messages: [{ data: 'x' }] })
    publish(0)
    await client.next(ACTION.ACK)
    await client.settled()
    expect(client.all(ACTION.MESSAGE)).toHaveLength(0)
    await client.attach(channel, { params: { modes: 'subscribe' } })
    publish(1)
    expect(await client.next(ACTION.NACK)).toMatchObject({ msgSerial: 1, error: { code: 40165 } })
    await client.attach(channel, { params: { modes: 'subscribe,publish' } })
    publish(2)
    expect(await client.next(ACTION.MESSAGE)).toMatchObject({ id: `${client.connectionId}:2` })
  })
})

describe('publishing', () => {
  test('is acknowledged with a serial for each message and delivered in one frame', async () => {
    const client = await connect('&clientId=ann')
    const channel = fresh()
    await client.attach(channel)
    const messages = [{ name: 'a', data: '1' }, { name: 'b' }]
    client.send({ action: ACTION.MESSAGE, channel, msgSerial: 0, messages })
    const ack = await client.next(ACTION.ACK)
    expect(ack).toMatchObject({
      msgSerial: 0,
      count: 1,
      res: [{ serials: [/:000$/, /:001$/].map((form) => expect.stringMatching(form)) }],
    })
    const message = await client.next(ACTION.MESSAGE)
    expect(message).toMatchObject({
      id: `${client.connectionId}:0`,
      connectionId: client.connectionId,
      channel,
      channelSerial: expect.any(String),
      timestamp: expect.any(Number),
      messages: [
        { name: 'a', data: '1', clientId: 'ann' },
        { name: 'b', clientId: 'ann' },
      ],
    })
    expect('data' in (message['messages'] as object[])[1]!).toBe(false)
  })

  test('works without an attachment', async () => {
    const [one, other] = [await connect(), await connect()]
    const channel = fresh()
    await other.attach(channel)
    one.send({ action: ACTION.MESSAGE, channel, msgSerial: 0, messages: [{ data: 'x' }] })
    await one.next(ACTION.ACK)
    expect(await other.next(ACTION.MESSAGE)).toMatchObject({ connectionId: one.connectionId })
  })

  test.each([
    ['the client id of another', { clientId: 'bob' }, 40012],
    ['the connection id of another', { connectionId: 'someone' }, 40006],
    ['unknown extras', { extras: { unheard: true } }, 40032],
    ['data that is none', { data: 5 }, 40013],
  ])('with %s is refused, and the connection stays', async (_, message, code) => {
    const client = await connect('&clientId=ann')
    const channel = fresh()
    client.send({ action: ACTION.MESSAGE, channel, msgSerial: 0, messages: [message] })
    expect(await client.next(ACTION.NACK)).toMatchObject({
      msgSerial: 0,
      count: 1,
      error: { code },
    })
    await client.settled()
  })

  test('with echo=false is not echoed, but presence is', async () => {
    const client = await connect('&echo=false&clientId=ann')
    const channel = fresh()
    await client.attach(channel)
    client.send({ action: ACTION.MESSAGE, channel, msgSerial: 0, messages: [{ data: 'x' }] })
    client.send({ action: ACTION.PRESENCE, channel, msgSerial: 1, presence: [{ action: 2 }] })
    await client.next(ACTION.PRESENCE)
    await client.next(ACTION.ACK, 1)
    expect(client.all(ACTION.MESSAGE)).toHaveLength(0)
  })

  test('with a known id is acknowledged as before and delivered once', async () => {
    const client = await connect()
    const channel = fresh()
    await client.attach(channel)
    for (const msgSerial of [0, 1])
      client.send({
        action: ACTION.MESSAGE,
        channel,
        msgSerial,
        messages: [{ id: 'own', data: 'x' }],
      })
    const [first, second] = [await client.next(ACTION.ACK), await client.next(ACTION.ACK, 1)]
    expect(second['res']).toEqual(first['res'])
    await client.settled()
    expect(client.all(ACTION.MESSAGE)).toHaveLength(1)
  })
})

describe('invalid frames', () => {
  test.each([['not json'], ['[]'], ['{"action":"x"}'], ['{"action":15,"channel":"a"}']])(
    '%s ends the connection with an error',
    async (text) => {
      const client = await connect()
      client.send(text)
      expect(await client.next(ACTION.ERROR)).toMatchObject({ error: { code: 40000 } })
      await client.closing()
    },
  )

  test('unknown actions and members are ignored', async () => {
    const client = await connect()
    client.send({ action: 99, what: { ever: true } })
    client.send({ action: ACTION.ACK, msgSerial: 5, count: 1 })
    await client.settled()
  })
})
