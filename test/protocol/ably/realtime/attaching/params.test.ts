/** Parameters of an attachment: rewind, qualified names, filters, occupancy and `[meta]` channels. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ACTION, FrameClient, type ProtocolMessage } from '../../../../support/ably.ts'
import { AblyApp } from '../../../../support/ably-app.ts'
import { type TimedServer, startTimedServer } from '../../../../support/timed-server.ts'

const HAS_BACKLOG = 2
const ATTACH_RESUME = 32

let server: TimedServer
let app: AblyApp

beforeAll(async () => {
  server = await startTimedServer({ sandbox: 'true' })
  app = await AblyApp.make(
    server.url,
    [{ '*': ['subscribe', 'publish'] }, { '[*]*': ['*'] }],
    [{ id: 'kept', persisted: true }],
  )
})
afterAll(() => server.end())

const connect = (key = 0) => FrameClient.connected(app, `key=${app.keys[key]}&v=6`)

let names = 0
const fresh = (prefix = 'params') => `${prefix}-${names++}`

function post(channel: string, messages: unknown) {
  return app.ask(`/channels/${encodeURIComponent(channel)}/messages`, { body: messages })
}

const messagesIn = (frames: readonly ProtocolMessage[]) =>
  frames.flatMap(({ messages }) => messages as Record<string, unknown>[])
const dataIn = (frames: readonly ProtocolMessage[]) =>
  messagesIn(frames).map(({ data }) => data as string)

const hasBacklog = ({ flags }: ProtocolMessage) => (Number(flags) & HAS_BACKLOG) !== 0

describe('params', () => {
  test('that are understood are confirmed, and others not', async () => {
    const client = await connect()
    const params = { modes: 'subscribe', delta: 'vcdiff', agent: 'x', unheard: '1' }
    const attached = await client.attach(fresh(), { params })
    expect(attached['params']).toEqual({ modes: 'subscribe', delta: 'vcdiff' })
    expect((await client.attach(fresh()))['params']).toEqual({})
  })

  test.each([{ rewind: 'soon' }, { modes: 'fly' }, { occupancy: 'much' }, { delta: 'xdelta' }])(
    'that are invalid are refused: %j',
    async (params) => {
      const client = await connect()
      client.send({ action: ACTION.ATTACH, channel: 'a', params })
      expect(await client.next(ACTION.ERROR)).toMatchObject({
        channel: 'a',
        error: { code: 40003 },
      })
    },
  )
})

describe('rewind', () => {
  test('by number sends the last messages right after ATTACHED', async () => {
    const channel = fresh()
    for (const data of ['1', '2', '3']) await post(channel, { data })
    const client = await connect()
    const attached = await client.attach(channel, { params: { rewind: '2' } })
    expect(hasBacklog(attached)).toBe(true)
    await post(channel, { data: '4' })
    await client.next(ACTION.MESSAGE, 2)
    expect(dataIn(client.all(ACTION.MESSAGE))).toEqual(['2', '3', '4'])
  })

  test('on a channel without messages sends nothing and says so', async () => {
    const client = await connect()
    expect(hasBacklog(await client.attach(fresh(), { params: { rewind: '5' } }))).toBe(false)
  })

  test('by time sends the messages since then', async () => {
    const channel = fresh()
    for (const data of ['old', 'new']) {
      await post(channel, { data })
      server.clock.advance(10_000)
    }
    const client = await connect()
    await client.attach(channel, { params: { rewind: '15s' } })
    await client.settled()
    expect(dataIn(client.all(ACTION.MESSAGE))).toEqual(['new'])
    await client.attach(channel, { params: { rewind: '1m' } })
    await client.settled()
    expect(dataIn(client.all(ACTION.MESSAGE))).toEqual(['new', 'old', 'new'])
  })

  test('by time has a limit and says when it was reached', async () => {
    const channel = fresh()
    for (const data of ['1', '2', '3']) await post(channel, { data })
    const client = await connect()
    const params = { rewind: '1m', rewindLimit: '2' }
    const attached = await client.attach(channel, { params })
    expect(attached).toMatchObject({ error: { code: 90004 } })
    await client.settled()
    expect(dataIn(client.all(ACTION.MESSAGE))).toEqual(['2', '3'])
  })

  test('reaches into the history on disk, in the published frames', async () => {
    const channel = fresh('kept:room')
    await post(channel, [{ data: '1' }, { data: '2' }])
    await post(channel, { data: '3', id: 'own' })
    server.clock.advance(200_000)
    const client = await connect()
    await client.attach(channel, { params: { rewind: '10' } })
    await client.settled()
    const frames = client.all(ACTION.MESSAGE)
    expect(frames.map((frame) => dataIn([frame]))).toEqual([['1', '2'], ['3']])
    expect(messagesIn(frames)[2]).toMatchObject({ id: 'own' })
  })

  test('is skipped on a resume, and done again on a new attachment', async () => {
    const channel = fresh()
    await post(channel, { data: '1' })
    const client = await connect()
    const params = { rewind: '1' }
    const { channelSerial } = await client.attach(channel, { params })
    await client.attach(channel, { params, channelSerial })
    await client.attach(channel, { params, flags: ATTACH_RESUME })
    await client.settled()
    expect(client.all(ACTION.MESSAGE)).toHaveLength(1)
    client.send({ action: ACTION.DETACH, channel })
    await client.attach(channel, { params })
    await client.next(ACTION.MESSAGE, 1)
  })

  test('leaves out ephemeral messages', async () => {
    const channel = fresh()
    await post(channel, { data: 'kept' })
    await post(channel, { data: 'gone', extras: { ephemeral: true } })
    const client = await connect()
    await client.attach(channel, { params: { rewind: '5' } })
    await client.settled()
    expect(dataIn(client.all(ACTION.MESSAGE))).toEqual(['kept'])
  })
})

describe('names with a qualifier', () => {
  test('name the same channel as the plain name, and stay in frames', async () => {
    const channel = fresh()
    await post(channel, { data: '1' })
    const client = await connect()
    const qualified = `[?rewind=1]${channel}`
    await client.attach(channel)
    const attached = await client.attach(qualified)
    expect(attached).toMatchObject({ channel: qualified, params: { rewind: '1' } })
    await post(channel, { data: '2' })
    await client.next(ACTION.MESSAGE, 2)
    const got = client.all(ACTION.MESSAGE).map((frame) => [frame['channel'], dataIn([frame])[0]])
    expect(got.toSorted()).toEqual(
      [
        [qualified, '1'],
        [qualified, '2'],
        [channel, '2'],
      ].toSorted(),
    )
    client.send({ action: ACTION.DETACH, channel: qualified })
    await post(channel, { data: '3' })
    await client.next(ACTION.MESSAGE, 3)
    await client.settled()
    expect(client.all(ACTION.MESSAGE)).toHaveLength(4)
  })
})

describe('filters', () => {
  const filter = 'name == `"filtered"` && headers.number == `26095`'
  const derived = (channel: string, more = '') => `[filter=${btoa(filter)}${more}]${channel}`
  const batch = [
    { name: 'filtered', data: 'yes', extras: { headers: { name: 'Lorem', number: 26095 } } },
    { name: 'filtered', data: 'other number', extras: { headers: { number: 12 } } },
    { name: 'filtered', data: 'yes too', extras: { headers: { number: 26095 } } },
    { name: 'filtered', data: 'no headers' },
    { name: 'else', data: 'other name', extras: { headers: { number: 26095 } } },
  ]

  test('pass matching messages in order, with ids of their own', async () => {
    const channel = fresh()
    const client = await connect(2)
    await client.attach(channel)
    await client.attach(derived(channel))
    await post(channel, batch)
    await post(channel, { name: 'else' })
    await client.next(ACTION.MESSAGE, 2)
    await client.settled()
    const of = (name: string) =>
      client.all(ACTION.MESSAGE).filter((frame) => frame['channel'] === name)
    const passed = messagesIn(of(derived(channel)))
    expect(passed.map(({ data }) => data)).toEqual(['yes', 'yes too'])
    expect(passed.map(({ id }) => String(id).split(':')[1])).toEqual(['0', '2'])
    expect(dataIn(of(channel))).toHaveLength(6)
  })

  test('rewind to matching messages', async () => {
    const channel = fresh()
    await post(channel, batch)
    const client = await connect(2)
    await client.attach(derived(channel, '?rewind=10'))
    await client.settled()
    expect(dataIn(client.all(ACTION.MESSAGE))).toEqual(['yes', 'yes too'])
    expect(hasBacklog(client.all(ACTION.ATTACHED)[0]!)).toBe(true)
  })

  test('need a capability of their own and are read-only', async () => {
    const channel = fresh()
    const narrow = await connect(1)
    narrow.send({ action: ACTION.ATTACH, channel: derived(channel) })
    expect(await narrow.next(ACTION.ERROR)).toMatchObject({ error: { code: 40160 } })
    const client = await connect(2)
    expect(await client.attach(derived(channel))).toMatchObject({ flags: 1 << 18 })
    const frame = { channel: derived(channel), msgSerial: 0 }
    client.send({ ...frame, action: ACTION.MESSAGE, messages: [{ data: 'x' }] })
    expect(await client.next(ACTION.NACK)).toMatchObject({ error: { code: 40010 } })
    client.send({ ...frame, action: ACTION.PRESENCE, msgSerial: 1, presence: [{ action: 2 }] })
    expect(await client.next(ACTION.NACK, 1)).toMatchObject({ error: { code: 40010 } })
  })
})

describe('occupancy', () => {
  const metricsIn = (frame: ProtocolMessage) => {
    const [message] = messagesIn([frame])
    expect(message).toMatchObject({ name: '[meta]occupancy', action: 3, encoding: 'json' })
    return (JSON.parse(String(message!['data'])) as { metrics: Record<string, number> }).metrics
  }

  test('is sent after attaching, when the first comes or the last goes, and at intervals', async () => {
    const channel = fresh()
    const client = await connect()
    await client.attach(channel, { params: { occupancy: 'metrics' } })
    expect(metricsIn(await client.next(ACTION.MESSAGE))).toEqual({
      connections: 1,
      publishers: 1,
      subscribers: 1,
      presenceConnections: 1,
      presenceMembers: 0,
      presenceSubscribers: 1,
      objectPublishers: 0,
      objectSubscribers: 0,
    })
    const other = await connect()
    await other.attach(channel)
    const enter = { action: ACTION.PRESENCE, channel, presence: [{ action: 2, clientId: 'ann' }] }
    other.send({ ...enter, msgSerial: 0 })
    const first = metricsIn(await client.next(ACTION.MESSAGE, 1))
    expect(first).toMatchObject({ connections: 2, presenceMembers: 1 })
    const third = await connect()
    await third.attach(channel)
    await client.settled()
    expect(client.all(ACTION.MESSAGE)).toHaveLength(2)
    server.clock.advance(15_000)
    expect(metricsIn(await client.next(ACTION.MESSAGE, 2))).toMatchObject({ connections: 3 })
    const [told] = client.all(ACTION.MESSAGE)
    expect(told).not.toHaveProperty('connectionId')
    expect(String(told!['id'])).toMatch(/:0$/)
  })

  test('of one kind can be asked for', async () => {
    const client = await connect()
    await client.attach(fresh(), { params: { occupancy: 'metrics.subscribers' } })
    expect(metricsIn(await client.next(ACTION.MESSAGE))).toEqual({ subscribers: 1 })
  })

  test('needs a capability of its own', async () => {
    const client = await connect(1)
    client.send({ action: ACTION.ATTACH, channel: 'a', params: { occupancy: 'metrics' } })
    expect(await client.next(ACTION.ERROR)).toMatchObject({ error: { code: 40160 } })
  })
})

describe('[meta] channels', () => {
  test('report new channels and connections', async () => {
    const client = await connect(2)
    await client.attach('[meta]channel.lifecycle')
    await client.attach('[meta]connection.lifecycle')
    const channel = fresh()
    const other = await connect()
    const opened = await client.next(ACTION.MESSAGE)
    expect(opened).toMatchObject({
      channel: '[meta]connection.lifecycle',
      messages: [{ name: 'connection.opened', encoding: 'json' }],
    })
    expect(dataIn([opened])[0]).toContain(other.connectionId)
    await other.attach(channel)
    const made = await client.next(ACTION.MESSAGE, 1)
    expect(made).toMatchObject({ messages: [{ name: 'channel.opened' }] })
    expect(JSON.parse(dataIn([made])[0]!)).toMatchObject({
      channelId: channel,
      status: { isActive: true },
    })
    other.send({ action: ACTION.CLOSE })
    expect(await client.next(ACTION.MESSAGE, 2)).toMatchObject({
      messages: [{ name: 'connection.closed' }],
    })
  })

  test('that are unknown are silent; all need a capability and are read-only', async () => {
    const client = await connect(2)
    expect(await client.attach('[meta]log')).toMatchObject({ flags: 1 << 18 })
    client.send({
      action: ACTION.MESSAGE,
      channel: '[meta]log',
      msgSerial: 0,
      messages: [{ data: 'x' }],
    })
    await client.next(ACTION.NACK)
    const narrow = await connect(1)
    narrow.send({ action: ACTION.ATTACH, channel: '[meta]log' })
    expect(await narrow.next(ACTION.ERROR)).toMatchObject({ error: { code: 40160 } })
  })
})
