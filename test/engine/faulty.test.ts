/**
 * An engine that is out of reach: every protocol says so in its own form and that trying again may help, and what is
 * tried again with the same id counts once, be it that it was applied the first time or not.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { EmbeddedEngine } from '../../src/engine/embedded.ts'
import { ACTION, Clients, FrameClient } from '../support/ably.ts'
import { AblyApp } from '../support/ably-app.ts'
import { eventually } from '../support/client.ts'
import { RefusingEngine } from '../support/engines/refusing.ts'
import { IttyClient, freshChannel, reserveAll } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

const FAULTS = ['unheard', 'unanswered', 'slow'] as const
const UNREACHABLE = { code: 50003, statusCode: 503 }
const SEND_KEY = { 'x-send-key': 'a-send-key' }

let server: TestServer
let app: AblyApp
let engine: RefusingEngine
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTestServer(
    { sandbox: 'true' },
    {},
    (clock, positions) => (engine = new RefusingEngine(new EmbeddedEngine(clock, positions))),
  )
  app = await AblyApp.make(server.url, [], [{ id: 'mutable', mutableMessages: true }])
  await reserveAll(server, { reserved: { sendKey: SEND_KEY['x-send-key'] } })
})
afterAll(() => server.end())

let names = 0
const fresh = (space = 'plain') => `${space}:${names++}`
const frames = () => FrameClient.connected(app, `key=${app.keys[0]}&clientId=ann`)
const publish = (name: string, message: object) =>
  app.ask<{ error?: object }>(`/channels/${name}/messages`, { body: message })

describe.each(FAULTS)('%s', (fault) => {
  let patience: Timer
  beforeEach(() => {
    // As if the time that an engine may take were over at once.
    patience = setInterval(() => engine.giveUp(), 5)
  })
  afterEach(() => {
    clearInterval(patience)
    engine.fault = 'none'
    clients.end()
  })

  test('a frame of each kind is refused with an error that a repetition may help against', async () => {
    const client = await frames()
    const channel = fresh('mutable')
    await client.attach(channel)
    client.send({ action: ACTION.MESSAGE, channel, msgSerial: 0, messages: [{ data: 'x' }] })
    const ack = await client.next(ACTION.ACK)
    const [serial] = (ack as unknown as { res: { serials: string[] }[] }).res[0]!.serials
    engine.fault = fault
    const like = { action: 0, messageSerial: serial, type: 'like:flag.v1' }
    const bodies = [
      { action: ACTION.MESSAGE, messages: [{ data: 'y' }] },
      { action: ACTION.MESSAGE, messages: [{ action: 1, serial, data: 'z' }] },
      { action: ACTION.PRESENCE, presence: [{ action: 2, data: 'here' }] },
      { action: ACTION.ANNOTATION, annotations: [like] },
    ]
    for (const [n, body] of bodies.entries()) client.send({ ...body, channel, msgSerial: n + 1 })
    await client.settled()
    const refusals = client.all(ACTION.NACK)
    expect(refusals.map(({ msgSerial }) => msgSerial)).toEqual([1, 2, 3, 4])
    for (const refusal of refusals) expect(refusal).toMatchObject({ error: UNREACHABLE })
    client.terminate()
  })

  test('a request of each kind is refused so', async () => {
    const name = fresh('mutable')
    const { body } = await publish(name, { data: 'x' })
    const [serial] = (body as { serials: string[] }).serials
    engine.fault = fault
    const message = `/channels/${name}/messages/${serial}`
    const answers = [
      await publish(name, { data: 'y' }),
      await app.ask<{ error?: object }>(message, {
        method: 'PATCH',
        body: { action: 1, data: 'z' },
      }),
      await app.ask<{ error?: object }>(`${message}/annotations`, {
        body: [{ type: 'like:distinct.v1', name: '👍', clientId: 'ann' }],
      }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
    for (const answer of answers) expect(answer.body.error).toMatchObject(UNREACHABLE)
    const batch = await app.ask('/messages', {
      body: { channels: [name], messages: [{ data: 'x' }] },
    })
    expect(JSON.stringify(batch.body)).toContain('"code":50003')
  })

  test.skipIf(fault === 'unanswered')(
    'a channel that cannot be opened is attached in the end',
    async () => {
      const name = fresh()
      engine.fault = fault
      const client = await frames()
      client.send({ action: ACTION.ATTACH, channel: name })
      expect(await client.next(ACTION.DETACHED)).toMatchObject({
        channel: name,
        error: UNREACHABLE,
      })
      client.terminate()
      const stream = await fetch(`${server.url}/sse?v=2&channels=${name}&key=${app.keys[0]}`)
      expect(stream.status).toBe(503)
      const sdk = clients.make({ channelRetryTimeout: 50 } as object)
      const attaching = sdk.channels.get(name).attach()
      await expect(attaching).rejects.toMatchObject({ code: 50003 })
      engine.fault = 'none'
      await eventually(() => sdk.channels.get(name).state === 'attached', 'it tries by itself')
    },
  )

  test('what is published again with the same id counts once', async () => {
    const name = fresh()
    const reader = clients.make().channels.get(name)
    const heard: unknown[] = []
    await reader.subscribe(({ data }) => heard.push(data))
    const speaker = clients.make().channels.get(name)
    await speaker.attach()
    engine.fault = fault
    expect((await publish(name, { id: 'rest', data: 'rest' })).status).toBe(503)
    const refused = speaker.publish({ id: 'realtime', data: 'realtime' })
    await expect(refused).rejects.toMatchObject({ code: 50003 })
    engine.fault = 'none'
    expect((await publish(name, { id: 'rest', data: 'rest' })).status).toBe(201)
    await speaker.publish({ id: 'realtime', data: 'realtime' })
    await speaker.publish('n', 'end')
    await eventually(() => heard.includes('end'), 'the last came')
    expect(heard).toEqual(['rest', 'realtime', 'end'])
  })

  test('nobody stays present who was told that they are not', async () => {
    const name = fresh()
    const client = clients.make({ clientId: 'ann' })
    const channel = client.channels.get(name)
    await channel.attach()
    engine.fault = fault
    await expect(channel.presence.enter('x')).rejects.toMatchObject({ code: 50003 })
    engine.fault = 'none'
    client.close()
    const other = clients.make().channels.get(name)
    await eventually(async () => (await other.presence.get()).length === 0, 'nobody is there')
  })

  test('whoever joins the commons is told, and is no member', async () => {
    const name = freshChannel()
    const there = await IttyClient.join(server.sockets + name)
    engine.fault = fault
    const refused = new IttyClient(server.sockets + name)
    expect(await refused.error()).toMatchObject({ code: 'engine_unreachable' })
    await eventually(() => refused.closes === 1, 'it is closed')
    engine.fault = 'none'
    const joins = there.events.filter(({ self, type }) => type === 'join' && self !== true)
    await eventually(
      () => there.events.filter(({ type }) => type === 'leave').length === joins.length,
      'who came left',
    )
    const next = await IttyClient.join(server.sockets + name)
    expect(next.events[0]).toMatchObject({ total: 2 })
    for (const client of [there, next]) client.socket.close()
  })

  test('members who speak, and whoever pushes, are told', async () => {
    const name = `reserved/${freshChannel()}`
    const member = await IttyClient.join(server.sockets + name, { sendKey: SEND_KEY['x-send-key'] })
    engine.fault = fault
    member.socket.send('x')
    expect(await member.error()).toMatchObject({ code: 'engine_unreachable' })
    const push = await fetch(`${server.url}/push/${name}`, {
      method: 'POST',
      headers: SEND_KEY,
      body: '1',
    })
    expect(push.status).toBe(503)
    expect(await push.json()).toMatchObject({ error: { code: 'engine_unreachable' } })
    expect(member.closes).toBe(0)
    engine.fault = 'none'
    member.socket.close()
  })
})
