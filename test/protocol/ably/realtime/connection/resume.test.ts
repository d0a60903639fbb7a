/** Resuming: connections by their key, channels by their serial, and the time limit. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp } from '../../../../support/ably-app.ts'
import { eventually } from '../../../../support/client.ts'
import { ACTION, FrameClient, type ProtocolMessage } from '../../../../support/ably.ts'
import { type TimedServer, startTimedServer } from '../../../../support/timed-server.ts'

const RESUMED = 4
const HAS_BACKLOG = 2
const HAS_PRESENCE = 1

let server: TimedServer
let app: AblyApp

beforeAll(async () => {
  server = await startTimedServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
})
afterAll(() => server.end())

const connect = (more = '') => FrameClient.connected(app, `key=${app.keys[0]}&v=6${more}`)

let names = 0
const fresh = () => `resume-${names++}`

function publish(client: FrameClient, channel: string, msgSerial: number, data = `m${msgSerial}`) {
  client.send({ action: ACTION.MESSAGE, channel, msgSerial, messages: [{ data }] })
}

const dataOf = (frames: readonly ProtocolMessage[]) =>
  frames.map(({ messages }) => (messages as { data: string }[]).map(({ data }) => data))

/** @param channel on which to wait until the server has noticed */
async function lost(client: FrameClient, channel?: string, others = 0): Promise<void> {
  client.terminate()
  await client.closing()
  if (channel === undefined) return
  await eventually(async () => {
    const { body } = await app.ask<Status>(`/channels/${channel}`)
    return body.status.occupancy.metrics.connections === others
  }, 'the server has noticed')
}

interface Status {
  readonly status: { readonly occupancy: { readonly metrics: { readonly connections: number } } }
}

describe('a connection', () => {
  test.each(['resume', 'recover'])('resumes by %s and gets a new key', async (how) => {
    const before = await connect()
    await lost(before)
    const after = await connect(`&${how}=${before.connectionKey}`)
    expect(after.connectionId).toBe(before.connectionId)
    expect(after.connectionKey).not.toBe(before.connectionKey)
    expect(after.frames[0]).not.toHaveProperty('error')
  })

  test.each(['_____!ablyjs_test_fake-key____', 'nonsense', '!', ''])(
    'with the key "%s" is a new one, with an error that says why',
    async (key) => {
      const client = await connect(`&resume=${key}`)
      const error = { code: 80018, statusCode: 400, message: 'invalid connection key' }
      expect(client.frames[0]).toMatchObject({ action: ACTION.CONNECTED, error })
    },
  )

  test('can be taken over while its transport is open, which is then silent', async () => {
    const channel = fresh()
    const before = await connect()
    await before.attach(channel)
    const after = await connect(`&recover=${before.connectionKey}`)
    expect(after.connectionId).toBe(before.connectionId)
    await after.attach(channel)
    publish(after, channel, 0)
    await after.next(ACTION.MESSAGE)
    publish(before, channel, 1)
    expect(await before.next(ACTION.NACK)).toMatchObject({ error: { code: 80016 } })
    expect(before.all(ACTION.MESSAGE)).toHaveLength(0)
    before.send({ action: ACTION.CLOSE })
    await before.next(ACTION.CLOSED)
    await before.closing()
    publish(after, channel, 1)
    await after.next(ACTION.ACK, 1)
  })

  test('keeps the previous key until the client has used the new one', async () => {
    const first = await connect()
    const second = await connect(`&resume=${first.connectionKey}`)
    const third = await connect(`&resume=${first.connectionKey}`)
    const fourth = await connect(`&resume=${first.connectionKey}`)
    expect(fourth.connectionId).toBe(first.connectionId)
    await fourth.settled()
    for (const { connectionKey } of [first, second, third]) {
      const late = await connect(`&resume=${connectionKey}`)
      expect(late.connectionId).not.toBe(first.connectionId)
    }
    const next = await connect(`&resume=${fourth.connectionKey}`)
    expect(next.connectionId).toBe(first.connectionId)
  })

  test('can be resumed only by its client id and app', async () => {
    const ann = await connect('&clientId=ann')
    const bob = await connect(`&clientId=bob&resume=${ann.connectionKey}`)
    expect(bob.connectionId).not.toBe(ann.connectionId)
    expect(bob.frames[0]).toMatchObject({ error: { code: 40102 } })
    const other = await AblyApp.make(server.url)
    const stranger = await FrameClient.connected(
      other,
      `key=${other.keys[0]}&clientId=ann&resume=${ann.connectionKey}`,
    )
    expect(stranger.connectionId).not.toBe(ann.connectionId)
    expect(stranger.frames[0]).toMatchObject({ error: { code: 80018 } })
  })

  test('can be resumed for two minutes', async () => {
    const channel = fresh()
    const first = await connect()
    await first.attach(channel)
    await lost(first, channel)
    server.clock.advance(119_900)
    const second = await connect(`&resume=${first.connectionKey}`)
    expect(second.connectionId).toBe(first.connectionId)
    await second.attach(channel)
    await lost(second, channel)
    server.clock.advance(120_000)
    const third = await connect(`&resume=${second.connectionKey}`)
    expect(third.connectionId).not.toBe(first.connectionId)
  })
})

describe('a frame', () => {
  test('sent again after a resume is acknowledged as before and not published twice', async () => {
    const channel = fresh()
    const reader = await connect()
    await reader.attach(channel)
    const before = await connect()
    publish(before, channel, 0)
    publish(before, channel, 1)
    const acks = [await before.next(ACTION.ACK), await before.next(ACTION.ACK, 1)]
    await lost(before)
    const after = await connect(`&resume=${before.connectionKey}`)
    for (const msgSerial of [0, 1, 2]) publish(after, channel, msgSerial)
    await after.next(ACTION.ACK, 2)
    expect(after.all(ACTION.ACK).slice(0, 2)).toEqual(acks)
    await reader.next(ACTION.MESSAGE, 2)
    expect(dataOf(reader.all(ACTION.MESSAGE))).toEqual([['m0'], ['m1'], ['m2']])
  })

  test('sent twice over one transport is answered once', async () => {
    const client = await connect()
    const channel = fresh()
    for (const msgSerial of [0, 1, 1, 0, 2]) publish(client, channel, msgSerial)
    await client.next(ACTION.ACK, 2)
    await client.settled()
    expect(client.all(ACTION.ACK).map(({ msgSerial }) => msgSerial)).toEqual([0, 1, 2])
  })

  test('is numbered from the beginning on a new connection', async () => {
    const before = await connect()
    publish(before, fresh(), 7)
    await before.next(ACTION.ACK)
    const after = await connect('&resume=unknown!key')
    publish(after, fresh(), 0)
    expect(await after.next(ACTION.ACK)).toMatchObject({ msgSerial: 0, count: 1 })
  })
})

describe('a channel', () => {
  test('without new messages resumes, even if it never had one', async () => {
    const channel = fresh()
    const before = await connect()
    const { channelSerial } = await before.attach(channel)
    await lost(before)
    const after = await connect(`&resume=${before.connectionKey}`)
    const attached = await after.attach(channel, { channelSerial })
    expect(flags(attached)).toBe(RESUMED)
    expect(attached).not.toHaveProperty('error')
  })

  test('gives the missed frames in order, right after ATTACHED', async () => {
    const channel = fresh()
    const writer = await connect()
    const before = await connect()
    await before.attach(channel)
    publish(writer, channel, 0)
    const { channelSerial } = await before.next(ACTION.MESSAGE)
    await lost(before)
    for (const msgSerial of [1, 2, 3]) publish(writer, channel, msgSerial)
    await writer.next(ACTION.ACK, 3)
    const after = await connect(`&resume=${before.connectionKey}`)
    const attached = await after.attach(channel, { channelSerial })
    expect(flags(attached)).toBe(RESUMED | HAS_BACKLOG)
    expect(attached['channelSerial']).toBe(channelSerial)
    publish(writer, channel, 4)
    await after.next(ACTION.MESSAGE, 3)
    expect(dataOf(after.all(ACTION.MESSAGE))).toEqual([['m1'], ['m2'], ['m3'], ['m4']])
    const [missed] = after.all(ACTION.MESSAGE)
    expect(missed).toMatchObject({
      id: `${writer.connectionId}:1`,
      connectionId: writer.connectionId,
      channelSerial: expect.any(String),
      timestamp: expect.any(Number),
    })
  })

  test('resumes by its serial alone, without a resumed connection', async () => {
    const channel = fresh()
    const writer = await connect()
    const before = await connect()
    const { channelSerial } = await before.attach(channel)
    publish(writer, channel, 0)
    await writer.next(ACTION.ACK)
    const after = await connect()
    expect(flags(await after.attach(channel, { channelSerial }))).toBe(RESUMED | HAS_BACKLOG)
    expect(dataOf([await after.next(ACTION.MESSAGE)])).toEqual([['m0']])
  })

  test('gives missed frames once if a client attaches again before the answer', async () => {
    const channel = fresh()
    const writer = await connect()
    const { channelSerial } = await (await connect()).attach(channel)
    publish(writer, channel, 0)
    await writer.next(ACTION.ACK)
    const client = await connect()
    await client.attach(channel, { channelSerial })
    publish(writer, channel, 1)
    const { channelSerial: last } = await client.next(ACTION.MESSAGE, 1)
    const again = await client.attach(channel, { channelSerial })
    expect(flags(again)).toBe(RESUMED)
    expect(again['channelSerial']).toBe(last)
    publish(writer, channel, 2)
    await client.next(ACTION.MESSAGE, 2)
    expect(dataOf(client.all(ACTION.MESSAGE))).toEqual([['m0'], ['m1'], ['m2']])
    // Other params make it a new attachment: the client drops what is on its way.
    const params = { modes: 'subscribe' }
    const other = await client.attach(channel, { channelSerial, params })
    expect(flags(other)).toBe(RESUMED | HAS_BACKLOG)
    await client.next(ACTION.MESSAGE, 5)
    expect(dataOf(client.all(ACTION.MESSAGE)).slice(3)).toEqual([['m0'], ['m1'], ['m2']])
  })

  test('does not repeat presence, and sends the members', async () => {
    const channel = fresh()
    const before = await connect()
    const { channelSerial } = await before.attach(channel)
    await lost(before)
    const member = await connect('&clientId=ann')
    await member.attach(channel)
    member.send({ action: ACTION.PRESENCE, channel, msgSerial: 0, presence: [{ action: 2 }] })
    await member.next(ACTION.ACK)
    const after = await connect(`&resume=${before.connectionKey}`)
    expect(flags(await after.attach(channel, { channelSerial }))).toBe(RESUMED | HAS_PRESENCE)
    const sync = await after.next(ACTION.SYNC)
    expect(sync).toMatchObject({ presence: [{ action: 1, clientId: 'ann' }] })
    await after.settled()
    expect(after.all(ACTION.PRESENCE)).toHaveLength(0)
  })

  test.each([
    ['a serial too old', '00000000000000-000@somewhere'],
    ['a serial of the future', '99999999999999-000@somewhere'],
    ['no serial at all', 'nonsense'],
  ])('cannot be resumed from %s', async (_, channelSerial) => {
    const client = await connect()
    const attached = await client.attach(fresh(), { channelSerial })
    expect(flags(attached)).toBe(0)
    expect(attached).toMatchObject({ error: { code: 90003, statusCode: 404 } })
  })

  test('cannot be resumed after two minutes', async () => {
    const channel = fresh()
    const client = await connect()
    const { channelSerial } = await client.attach(channel)
    publish(client, channel, 0)
    await client.next(ACTION.ACK)
    server.clock.advance(121_000)
    await eventually(async () => {
      const attached = await (await connect()).attach(channel, { channelSerial })
      return (attached['error'] as { code: number } | undefined)?.code === 90003
    }, 'the channel has forgotten')
  })
})

describe('presence', () => {
  const enter = (client: FrameClient, channel: string, more: object = {}) =>
    client.send({
      action: ACTION.PRESENCE,
      channel,
      msgSerial: 0,
      presence: [{ action: 2, data: 'here', ...more }],
    })

  test('outlives the transport for remainPresentFor', async () => {
    const channel = fresh()
    const watcher = await connect()
    await watcher.attach(channel)
    const [ann, bob] = [
      await connect('&clientId=ann&remainPresentFor=5000'),
      await connect('&clientId=bob&remainPresentFor=4000'),
    ]
    for (const [n, member] of [ann, bob].entries()) {
      await member.attach(channel)
      enter(member, channel)
      await watcher.next(ACTION.PRESENCE, n)
    }
    await lost(ann, channel, 2)
    await lost(bob, channel, 1)
    server.clock.advance(4500)
    const left = await watcher.next(ACTION.PRESENCE, 2)
    expect(left).toMatchObject({
      presence: [{ action: 3, clientId: 'bob', data: 'here' }],
      connectionId: bob.connectionId,
    })
    expect(String(left['id'])).not.toStartWith(bob.connectionId)
    server.clock.advance(1000)
    expect(await watcher.next(ACTION.PRESENCE, 3)).toMatchObject({
      presence: [{ action: 3, clientId: 'ann' }],
    })
  })

  test('stays unchanged if the connection is resumed in time', async () => {
    const channel = fresh()
    const watcher = await connect()
    await watcher.attach(channel)
    const [before, other] = [
      await connect('&clientId=ann'),
      await connect('&clientId=bob&remainPresentFor=60000'),
    ]
    await before.attach(channel)
    enter(before, channel)
    const { id } = await watcher.next(ACTION.PRESENCE)
    await lost(before, channel, 1)
    server.clock.advance(14_000)
    const after = await connect(`&clientId=ann&resume=${before.connectionKey}`)
    await after.attach(channel)
    expect(await after.next(ACTION.SYNC)).toMatchObject({ presence: [{ id: `${String(id)}:0` }] })
    after.send({
      action: ACTION.PRESENCE,
      channel,
      msgSerial: 1,
      presence: [{ action: 2, id: `${String(id)}:0`, clientId: 'ann', data: 'here' }],
    })
    await after.next(ACTION.ACK)
    await other.attach(channel)
    enter(other, channel)
    await other.next(ACTION.ACK)
    await lost(other, channel, 2)
    server.clock.advance(61_000)
    await watcher.next(ACTION.PRESENCE, 2)
    const told = watcher.all(ACTION.PRESENCE).map(({ presence }) => {
      const [{ action, clientId }] = presence as [{ action: number; clientId: string }]
      return `${action} ${clientId}`
    })
    expect(told).toEqual(['2 ann', '2 bob', '3 bob'])
  })

  test('ends at once with CLOSE and with DETACH', async () => {
    const channel = fresh()
    const watcher = await connect()
    await watcher.attach(channel)
    const [one, two] = [await connect('&clientId=ann'), await connect('&clientId=bob')]
    for (const member of [one, two]) {
      await member.attach(channel)
      enter(member, channel)
      await member.next(ACTION.ACK)
    }
    one.send({ action: ACTION.DETACH, channel })
    expect(await watcher.next(ACTION.PRESENCE, 2)).toMatchObject({
      presence: [{ action: 3, clientId: 'ann' }],
    })
    two.send({ action: ACTION.CLOSE })
    expect(await watcher.next(ACTION.PRESENCE, 3)).toMatchObject({
      presence: [{ action: 3, clientId: 'bob' }],
    })
  })
})

function flags(attached: ProtocolMessage): number {
  return Number(attached['flags']) & 0xffff
}

describe('when too many connections are lost', () => {
  let small: TimedServer
  let home: AblyApp

  beforeAll(async () => {
    small = await startTimedServer({ sandbox: 'true', 'max-connections': '3' })
    home = await AblyApp.make(small.url)
  })
  afterAll(() => small.end())

  test('the connection that has waited longest is dropped, and its members leave', async () => {
    const key = `key=${home.keys[0]}&v=6`
    const clients: FrameClient[] = []
    for (const clientId of ['a', 'b', 'c', 'd']) {
      const client = await FrameClient.connected(home, `${key}&clientId=${clientId}`)
      await client.attach('all')
      client.send({
        action: ACTION.PRESENCE,
        channel: 'all',
        msgSerial: 0,
        presence: [{ action: 2 }],
      })
      await client.next(ACTION.ACK)
      clients.push(client)
      await lost(client)
    }
    const present = async () => {
      const { body } = await home.ask<{ clientId: string }[]>('/channels/all/presence')
      return body
        .map(({ clientId }) => clientId)
        .toSorted()
        .join('')
    }
    await eventually(async () => (await present()) === 'bcd', 'the first has left')
    const ids = []
    for (const [index, clientId] of ['a', 'b', 'c'].entries()) {
      const { connectionKey } = clients[index]!
      const again = `${key}&clientId=${clientId}&resume=${connectionKey}`
      ids.push((await FrameClient.connected(home, again)).connectionId)
    }
    expect(ids.map((id, index) => id === clients[index]!.connectionId)).toEqual([false, true, true])
  })
})
