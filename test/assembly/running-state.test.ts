/** Stopping and starting a server, which to its clients looks like a short loss of the network. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type Ably from 'ably'
import { Keyring } from '../../src/identity/keyring.ts'
import { loadMasterKey } from '../../src/identity/master-key.ts'
import { STATE_FILE, type SavedState, readState, writeState } from '../../src/store/state-file.ts'
import { AblyApp } from '../support/ably-app.ts'
import { ACTION, Clients, FrameClient, type ProtocolMessage } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { RestartableServer } from '../support/restartable.ts'
import { basic } from '../support/sandbox-app.ts'

const RESUMED = 4

/** On a busy machine much gathers while the server is away, and comes at once. */
const UNLIMITED = ['message', 'channel', 'frame'].flatMap((what) => [`--${what}-rate`, '0'])

let server: RestartableServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await RestartableServer.start('--sandbox', ...UNLIMITED)
  app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }], {
    channels: [{ name: 'crew', presence: [{ clientId: 'cook' }] }],
  })
})
afterEach(() => clients.end())
afterAll(() => server.end())

let names = 0
const fresh = () => `restart-${names++}`
const connect = (more = '') => FrameClient.connected(app, `key=${app.keys[0]}&v=6${more}`)
const flags = ({ flags: all }: ProtocolMessage) => Number(all) & 0xffff

function publish(client: FrameClient, channel: string, msgSerial: number, more: object = {}) {
  const messages = [{ data: `m${msgSerial}`, ...more }]
  client.send({ action: ACTION.MESSAGE, channel, msgSerial, messages })
}

const dataOf = (frames: readonly ProtocolMessage[]) =>
  frames.flatMap(({ messages }) => (messages as { data: string }[]).map(({ data }) => data))

describe.each(['json', 'msgpack'])('an SDK that speaks %s', (format) => {
  const start = (options: Ably.ClientOptions = {}) =>
    clients.connected({
      useBinaryProtocol: format === 'msgpack',
      disconnectedRetryTimeout: 50,
      ...options,
    })

  test('resumes after a restart without a missed or repeated message', async () => {
    const room = fresh()
    const kept = `kept:${room}`
    const [reader, writer] = await Promise.all([start(), start()])
    const got = { [room]: [] as unknown[], [kept]: [] as unknown[] }
    const changes: Ably.ChannelStateChange[] = []
    for (const name of [room, kept]) {
      const channel = reader.channels.get(name)
      await channel.subscribe(({ data }) => got[name]!.push(data))
      channel.on((change) => changes.push(change))
    }
    const ids = [reader, writer].map(({ connection }) => connection.id)
    const sent: Promise<unknown>[] = []
    const say = () => {
      for (const name of [room, kept])
        sent.push(writer.channels.get(name).publish('n', String(sent.length)))
    }
    const timer = setInterval(say, 1)
    await eventually(() => got[kept]!.length > 5, 'messages flow')
    await server.restart()
    const before = got[kept]!.length
    await eventually(() => got[kept]!.length > before + 5, 'messages flow again')
    clearInterval(timer)
    await Promise.all(sent)
    for (const name of [room, kept]) {
      const all = sent.map((_, n) => n).filter((n) => (n % 2 === 0) === (name === room))
      await eventually(() => got[name]!.length >= all.length, 'all came', 10_000)
      expect(got[name]).toEqual(all.map(String))
    }
    expect([reader, writer].map(({ connection }) => connection.id)).toEqual(ids)
    expect(reader.connection.errorReason).toBeNull()
    const attached = changes.filter(({ current }) => current === 'attached')
    expect(attached.length).toBeGreaterThanOrEqual(2)
    expect(attached.every(({ resumed }) => resumed)).toBe(true)
  })

  test('stays present over a restart, without a leave or an enter', async () => {
    const room = fresh()
    const [ann, bob] = await Promise.all([start({ clientId: 'ann' }), start({ clientId: 'bob' })])
    await ann.channels.get(room).presence.enter('here')
    const channel = bob.channels.get(room)
    const { presence } = channel
    await presence.enter('too')
    const before = await presence.get()
    const told: string[] = []
    await presence.subscribe(({ action, clientId }) => told.push(`${action} ${clientId}`))
    // Earlier changes are not sent as changes; the members are (RTP18).
    const isBack = new Promise((resolve) => channel.once('attached', resolve))
    await server.restart()
    await Promise.all([ann.connection.whenState('connected'), isBack])
    await ann.channels.get(room).presence.update('still')
    await eventually(() => told.includes('update ann'), 'the update is told')
    expect(told.filter((event) => !event.startsWith('present'))).toEqual(['update ann'])
    const after = await presence.get()
    expect(after.map(({ clientId }) => clientId).toSorted()).toEqual(['ann', 'bob'])
    expect(after.find(({ clientId }) => clientId === 'bob')!.id).toBe(
      before.find(({ clientId }) => clientId === 'bob')!.id,
    )
  })

  test('recovers a connection of the previous run, with the messages since', async () => {
    const room = fresh()
    // It must not reconnect by itself.
    const [first, writer] = await Promise.all([start({ disconnectedRetryTimeout: 1e6 }), start()])
    const old = Promise.withResolvers<unknown>()
    await first.channels.get(room).subscribe(old.resolve)
    await writer.channels.get(room).publish('n', 'old')
    await old.promise
    const { id } = first.connection
    const recover = await first.connection.createRecoveryKey()
    await writer.channels.get(room).publish('n', 'before')
    await server.stop()
    await server.start()
    await writer.connection.whenState('connected')
    await writer.channels.get(room).publish('n', 'after')
    const second = clients.make({ recover: recover!, useBinaryProtocol: format === 'msgpack' })
    const got: unknown[] = []
    await second.channels.get(room).subscribe(({ data }) => got.push(data))
    await eventually(() => got.length >= 2, 'both came')
    expect(got).toEqual(['before', 'after'])
    expect(second.connection.id).toBe(id)
    expect(second.connection.errorReason).toBeNull()
  })
})

describe.each(['json', 'msgpack'])('frames in %s', (format) => {
  const open = (more = '') => connect(`&format=${format}${more}`)

  test('the close has a reason, and a frame sent again is answered after the restart as before', async () => {
    const room = fresh()
    const [reader, before] = [await open(), await open()]
    const { channelSerial } = await reader.attach(room)
    publish(before, room, 0)
    publish(before, room, 1, { clientId: 7 })
    publish(before, `kept:${room}`, 2, { data: new Uint8Array([1, 2]) })
    await before.next(ACTION.ACK, 1)
    const answers = before.frames.filter(({ action }) => action === ACTION.ACK)
    const [refusal] = before.all(ACTION.NACK)
    await server.restart()
    expect(before.all(ACTION.DISCONNECTED)).toMatchObject([
      { error: { code: 50003, statusCode: 503 } },
    ])
    const after = await open(`&resume=${before.connectionKey}`)
    expect(after.connectionId).toBe(before.connectionId)
    expect(after.connectionKey).not.toBe(before.connectionKey)
    expect(after.frames[0]).not.toHaveProperty('error')
    publish(after, room, 0)
    publish(after, room, 1, { clientId: 7 })
    publish(after, `kept:${room}`, 2, { data: new Uint8Array([1, 2]) })
    publish(after, room, 3)
    await after.next(ACTION.ACK, 2)
    expect(after.all(ACTION.ACK).slice(0, 2)).toEqual(answers)
    expect(after.all(ACTION.NACK)).toEqual([refusal!])
    const again = await open(`&resume=${reader.connectionKey}`)
    expect(flags(await again.attach(room, { channelSerial })) & RESUMED).toBe(RESUMED)
    await again.next(ACTION.MESSAGE, 1)
    await again.settled()
    expect(dataOf(again.all(ACTION.MESSAGE))).toEqual(['m0', 'm3'])
  })

  // When it leaves is in `restored-members.test.ts`, on a clock that the test holds.
  test('a member that has not come back is still present, whatever it asked for', async () => {
    const room = fresh()
    const watcher = await open()
    const { channelSerial } = await watcher.attach(room)
    const member = await open('&clientId=ann&remainPresentFor=1500')
    await member.attach(room)
    const presence = [{ action: 2, data: 'here' }]
    member.send({ action: ACTION.PRESENCE, channel: room, msgSerial: 0, presence })
    await member.next(ACTION.ACK)
    await server.restart()
    const again = await open(`&resume=${watcher.connectionKey}`)
    await again.attach(room, { channelSerial })
    expect(await again.next(ACTION.SYNC)).toMatchObject({
      presence: [{ action: 1, clientId: 'ann', connectionId: member.connectionId, data: 'here' }],
    })
    await again.settled()
    expect(again.all(ACTION.PRESENCE)).toEqual([])
  })
})

test('an SDK without WebSockets resumes as well', async () => {
  const room = fresh()
  const client = await clients.connected({ transports: ['comet'], disconnectedRetryTimeout: 50 })
  const got: unknown[] = []
  await client.channels.get(room).subscribe(({ data }) => got.push(data))
  const { id } = client.connection
  const reasons: unknown[] = []
  client.connection.on('disconnected', ({ reason }) => reasons.push(reason?.code))
  await client.channels.get(room).publish('n', 'before')
  await server.restart()
  await app.ask(`/channels/${room}/messages`, { body: { data: 'between' } })
  await client.connection.whenState('connected')
  await client.channels.get(room).publish('n', 'after')
  await eventually(() => got.length >= 3, 'all came')
  expect(got).toEqual(['before', 'between', 'after'])
  expect(client.connection.id).toBe(id)
  expect(reasons[0]).toBe(50003)
})

test('history, rewind and ids of channels in memory survive a restart', async () => {
  const room = fresh()
  const path = `/channels/${room}/messages`
  await app.ask(path, { body: { id: 'mine', name: 'n', data: 'one' } })
  await app.ask(path, { body: { data: 'two', extras: { headers: { a: 1 } } } })
  const { body: before } = await app.ask<object[]>(path)
  await server.restart()
  const { body: after } = await app.ask<object[]>(path)
  expect(after).toEqual(before)
  await app.ask(path, { body: { id: 'mine', name: 'n', data: 'one' } })
  const client = await connect()
  await client.attach(room, { params: { rewind: '5' } })
  await client.next(ACTION.MESSAGE, 1)
  await client.settled()
  expect(dataOf(client.all(ACTION.MESSAGE))).toEqual(['one', 'two'])
})

test('an event stream continues from its last event', async () => {
  const room = fresh()
  const query = `${server.url}/sse?key=${app.keys[0]}&channels=${room}&v=6`
  const say = (data: string) => app.ask(`/channels/${room}/messages`, { body: { data } })
  const before = eventsOf(await fetch(query))
  await say('one')
  const first = (await before.next()).value!
  await say('two')
  await server.restart()
  await say('three')
  const after = eventsOf(await fetch(query, { headers: { 'last-event-id': first.id } }))
  const events = [first, (await after.next()).value!, (await after.next()).value!]
  expect(events.map(({ data }) => data)).toEqual(['one', 'two', 'three'])
  await after.return(undefined)
})

interface StreamEvent {
  readonly id: string
  readonly data: unknown
}

async function* eventsOf(response: Response): AsyncGenerator<StreamEvent, undefined> {
  let text = ''
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (text + part).split('\n\n')
    text = events.pop()!
    for (const event of events) {
      const id = /^id: (.*)$/m.exec(event)?.[1]
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (id === undefined || data === undefined) continue
      yield { id, data: (JSON.parse(data) as { data: unknown }).data }
    }
  }
}

test('the time that stopping takes does not count against members who cannot reconnect yet', async () => {
  const room = fresh()
  const member = await connect('&clientId=ann&remainPresentFor=1000')
  await member.attach(room)
  const presence = [{ action: 2 }]
  member.send({ action: ACTION.PRESENCE, channel: room, msgSerial: 0, presence })
  await member.next(ACTION.ACK)
  // Its request goes on for ever, so the server waits for it for two seconds.
  const slow = RawSocket.send(
    server.port,
    `POST /channels/${room}/messages HTTP/1.1\r\nhost: x\r\nauthorization: ${basic(app.keys[0]!)}\r\n` +
      'content-type: application/json\r\ncontent-length: 99\r\nexpect: 100-continue\r\n\r\n{',
  )
  expect(await slow.answer()).toBe(100)
  const stoppedAt = performance.now()
  await server.restart()
  expect(performance.now() - stoppedAt).toBeGreaterThan(1500)
  expect(slow.isClosed).toBe(true)
  const { body } = await app.ask(`/channels/${room}/presence`)
  expect(body).toMatchObject([{ clientId: 'ann' }])
  const { body: changes } = await app.ask(`/channels/${room}/presence/history`)
  expect(changes).toMatchObject([{ action: 2 }])
})

test('members that a sandbox app started with stay, although they have no connection', async () => {
  const { body: before } = await app.ask('/channels/crew/presence')
  await server.restart()
  const { body: after } = await app.ask('/channels/crew/presence')
  expect(after).toEqual(before)
  expect(after).toMatchObject([{ clientId: 'cook' }])
})

describe('the state is discarded, with a line in the log,', () => {
  const keyring = () => new Keyring(loadMasterKey(server.folder, undefined, false))
  const change = (how: (saved: SavedState) => Partial<SavedState>) => {
    const saved = readState(server.folder, keyring()) as SavedState
    writeState(server.folder, keyring(), { ...saved, ...how(saved) })
  }

  test.each<[string, string, () => void]>([
    ['if it is too old', 'too long', () => change(({ at }) => ({ at: at - 120_000 }))],
    ['if another version kept it', 'another version', () => change(() => ({ version: 999 }))],
    [
      'if it cannot be read',
      'cannot be read',
      () => writeFileSync(join(server.folder, STATE_FILE), 'not what was written'),
    ],
  ])('%s', async (_, words, spoil) => {
    const room = fresh()
    const before = await connect()
    const { channelSerial } = await before.attach(room)
    await server.stop()
    spoil()
    await server.start()
    const after = await connect(`&resume=${before.connectionKey}`)
    expect(after.connectionId).not.toBe(before.connectionId)
    expect(after.frames[0]).toMatchObject({ error: { code: 80018 } })
    const attached = await after.attach(room, { channelSerial })
    expect(flags(attached) & RESUMED).toBe(0)
    expect(attached).toMatchObject({ error: { code: 90003 } })
    const lines = server.logs.filter(({ message }) => String(message).includes('cannot go on'))
    expect(lines).toEqual([expect.objectContaining({ because: expect.stringContaining(words) })])
    expect(readState(server.folder, keyring())).toBe('none')
  })

  test('a start that fails does not use up the state', async () => {
    const before = await connect()
    await server.stop()
    const other = Bun.serve({
      hostname: '127.0.0.1',
      port: server.port,
      fetch: () => new Response(),
    })
    await expect(server.start()).rejects.toThrow('already in use')
    await other.stop(true)
    await server.start()
    const after = await connect(`&resume=${before.connectionKey}`)
    expect(after.connectionId).toBe(before.connectionId)
  })
})
