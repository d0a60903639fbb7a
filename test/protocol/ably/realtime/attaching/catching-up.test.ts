/** Clients that missed much or read slowly get it as they read, then what is live. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp } from '../../../../support/ably-app.ts'
import { ACTION, FrameClient, type ProtocolMessage } from '../../../../support/ably.ts'
import { eventually } from '../../../../support/client.ts'
import { FaultyProxy } from '../../../../support/faulty-proxy.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

/** More than the buffers between server and client hold. */
const MANY = 200
const BIG = 'x'.repeat(90_000)
const RESUMED = 4

let server: TestServer
let app: AblyApp
let writer: FrameClient
let serial = 0

beforeAll(async () => {
  server = await startTestServer({
    sandbox: 'true',
    'message-rate': '0',
    'history-memory-mb': '64',
  })
  app = await AblyApp.make(server.url)
  writer = await FrameClient.connected(app, `key=${app.keys[0]}`)
})
afterAll(() => server.end())

let names = 0
const fresh = () => `behind-${names++}`

async function say(channel: string, ...texts: string[]): Promise<void> {
  for (const data of texts)
    writer.send({ action: ACTION.MESSAGE, channel, msgSerial: serial++, messages: [{ data }] })
  const last = serial - 1
  await writer.until(
    () =>
      writer.frames.some(
        ({ action, count, msgSerial }) =>
          action === ACTION.ACK && Number(msgSerial) + Number(count) > last,
      ) || undefined,
  )
}

const many = (from = 0) => Array.from({ length: MANY }, (_, n) => `${from + n} ${BIG}`)

const heard = (client: FrameClient) =>
  client
    .all(ACTION.MESSAGE)
    .flatMap(({ messages }) => messages as { data: string }[])
    .map(({ data }) => Number.parseInt(data))

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

/** Clients whose network stops when a test says so. */
async function slowly<T>(
  run: (proxy: FaultyProxy, connect: (more?: string) => Promise<FrameClient>) => Promise<T>,
): Promise<T> {
  const proxy = await FaultyProxy.start(() => server.port, Math.random)
  const url = `http://127.0.0.1:${proxy.port}`
  try {
    return await run(proxy, (more = '') =>
      FrameClient.connected({ url }, `key=${app.keys[0]}${more}`),
    )
  } finally {
    await proxy.end()
  }
}

/** A channel without messages. */
async function start(channel: string): Promise<string> {
  const client = await FrameClient.connected(app, `key=${app.keys[0]}`)
  const { channelSerial } = await client.attach(channel)
  client.terminate()
  return String(channelSerial)
}

describe.each(['json', 'msgpack'])('in %s', (format) => {
  test('delivers more than may wait for one client', async () => {
    const channel = fresh()
    const channelSerial = await start(channel)
    await say(channel, ...many())
    const client = await FrameClient.connected(app, `key=${app.keys[0]}&format=${format}`)
    expect(await client.attach(channel, { channelSerial })).toMatchObject({
      flags: expect.any(Number),
    })
    await say(channel, String(MANY))
    await client.until(() => heard(client).length > MANY || undefined, 10_000)
    expect(heard(client)).toEqual(upTo(MANY + 1))
    expect(client.isClosed).toBe(false)
  })

  test('a slow reader misses no message or presence that comes meanwhile', async () => {
    await slowly(async (proxy, connect) => {
      const channel = fresh()
      const channelSerial = await start(channel)
      await say(channel, ...many())
      const client = await connect(`&format=${format}`)
      const member = await FrameClient.connected(app, `key=${app.keys[0]}&clientId=ann`)
      await member.attach(channel, { params: { modes: 'presence' } })
      proxy.hold('down')
      client.send({ action: ACTION.ATTACH, channel, channelSerial })
      await eventually(async () => (await connections(channel)) === 2, 'it is attached')
      await say(channel, ...many(MANY))
      const presence = [{ action: 2, data: 'here' }]
      member.send({ action: ACTION.PRESENCE, channel, msgSerial: 0, presence })
      await member.next(ACTION.ACK)
      await say(channel, String(2 * MANY))
      proxy.behave()
      await client.until(() => heard(client).length > 2 * MANY || undefined, 10_000)
      expect(heard(client)).toEqual(upTo(2 * MANY + 1))
      expect(client.all(ACTION.PRESENCE)).toMatchObject([{ presence: [{ clientId: 'ann' }] }])
      expect(client.isClosed).toBe(false)
    })
  })
})

async function connections(channel: string): Promise<number> {
  const { body } = await app.ask<{
    status: { occupancy: { metrics: { connections: number } } }
  }>(`/channels/${channel}`)
  return body.status.occupancy.metrics.connections
}

test('a client that loses its right is sent no more', async () => {
  await slowly(async (proxy, connect) => {
    const channel = fresh()
    const channelSerial = await start(channel)
    await say(channel, ...many())
    const client = await connect()
    proxy.hold('down')
    client.send({ action: ACTION.ATTACH, channel, channelSerial })
    await eventually(async () => (await connections(channel)) === 1, 'it is attached')
    const accessToken = await app.token({ capability: { elsewhere: ['subscribe'] } })
    client.send({ action: ACTION.AUTH, auth: { accessToken } })
    await eventually(async () => (await connections(channel)) === 0, 'it is attached no more')
    proxy.behave()
    expect(await client.next(ACTION.ERROR)).toMatchObject({ channel, error: { code: 40160 } })
    await client.settled()
    expect(client.frames.at(-2)!.action).toBe(ACTION.ERROR)
    const before = heard(client)
    expect(before).toEqual(upTo(before.length))
    expect(before.length).toBeLessThan(MANY)
  })
})

test('a detached channel stops, and another continues', async () => {
  await slowly(async (proxy, connect) => {
    const [one, two] = [fresh(), fresh()]
    const serials = [await start(one), await start(two)]
    await say(one, ...many())
    await say(two, ...many())
    const client = await connect()
    proxy.hold('down')
    for (const [n, channel] of [one, two].entries())
      client.send({ action: ACTION.ATTACH, channel, channelSerial: serials[n] })
    client.send({ action: ACTION.DETACH, channel: one })
    await eventually(async () => (await connections(two)) === 1, 'it is attached')
    proxy.behave()
    const ofTwo = () => client.all(ACTION.MESSAGE).filter(({ channel }) => channel === two)
    await client.until(() => ofTwo().length === MANY || undefined, 10_000)
    const detached = client.frames.findIndex(({ action }) => action === ACTION.DETACHED)
    expect(detached).toBeGreaterThan(0)
    const after = client.frames.slice(detached).filter(({ channel }) => channel === one)
    expect(after).toHaveLength(1)
  })
})

test('a reader so slow that the channel forgets is told, and continues live', async () => {
  await slowly(async (proxy, connect) => {
    const channel = fresh()
    const channelSerial = await start(channel)
    await say(channel, ...many())
    const client = await connect()
    proxy.hold('down')
    client.send({ action: ACTION.ATTACH, channel, channelSerial })
    await eventually(async () => (await connections(channel)) === 1, 'it is attached')
    // More than the server remembers.
    for (let n = 1; n < 3; n++) await say(channel, ...many(n * MANY))
    proxy.behave()
    const anew = await client.next(ACTION.ATTACHED, 1)
    expect(Number(anew['flags']) & RESUMED).toBe(0)
    expect(anew).toMatchObject({ error: { code: 90003 } })
    expect(heard(client)).toEqual(upTo(MANY))
    await say(channel, '7')
    await client.next(ACTION.MESSAGE, MANY)
    expect(heard(client).at(-1)).toBe(7)
  })
})

test('attaching again meanwhile does not skip anything', async () => {
  await slowly(async (proxy, connect) => {
    const channel = fresh()
    const channelSerial = await start(channel)
    await say(channel, ...many())
    const client = await connect()
    proxy.hold('down')
    for (const _ of [1, 2]) client.send({ action: ACTION.ATTACH, channel, channelSerial })
    await eventually(async () => (await connections(channel)) === 1, 'it is attached')
    proxy.behave()
    await client.next(ACTION.MESSAGE, MANY - 1)
    expect(heard(client)).toEqual(upTo(MANY))
    const again = client.frames.findIndex(
      ({ action }, index) => action === ACTION.ATTACHED && index > 1,
    )
    const serialBefore = client.frames.slice(1, again).map(serialOf).toSorted().at(-1)!
    const serialAfter = serialOf(client.frames[again + 1]!)
    expect(serialOf(client.frames[again]!) <= serialAfter).toBe(true)
    expect(serialBefore <= serialAfter).toBe(true)
  })
})

const serialOf = ({ channelSerial }: ProtocolMessage) => String(channelSerial)

test('many members arrive page by page before changes of them', async () => {
  await slowly(async (proxy, connect) => {
    const channel = fresh()
    const crowd = await FrameClient.connected(app, `key=${app.keys[0]}`)
    await crowd.attach(channel)
    for (let n = 0; n < 150; n++) {
      const presence = [{ action: 2, clientId: `c${n}`, data: BIG }]
      crowd.send({ action: ACTION.PRESENCE, channel, msgSerial: n, presence })
      await crowd.next(ACTION.PRESENCE, n)
    }
    const client = await connect()
    proxy.hold('down')
    client.send({ action: ACTION.ATTACH, channel })
    await eventually(async () => (await connections(channel)) === 2, 'it is attached')
    const presence = [{ action: 3, clientId: 'c7' }]
    crowd.send({ action: ACTION.PRESENCE, channel, msgSerial: 150, presence })
    await crowd.next(ACTION.PRESENCE, 150)
    proxy.behave()
    await client.next(ACTION.PRESENCE)
    const told = client.frames.slice(1).map(({ action }) => action)
    const pages = client.all(ACTION.SYNC)
    expect(told).toEqual([ACTION.ATTACHED, ...pages.map(() => ACTION.SYNC), ACTION.PRESENCE])
    expect(pages.flatMap(namesIn)).toEqual(Array.from({ length: 150 }, (_, n) => `c${n}`))
    expect(client.isClosed).toBe(false)
  })
})

const namesIn = ({ presence }: ProtocolMessage) =>
  (presence as { clientId: string }[]).map(({ clientId }) => clientId)
