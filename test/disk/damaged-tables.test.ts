/**
 * Pages of one table of `history.db` go bad under a running server. What needs them fails as the SDKs expect it, in
 * rooms, in versions, in annotations and on the dashboard; all else goes on, and the log says it once.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ChatClient, LogLevel, type Message, MessageReactionType, type Room } from '@ably/chat'
import type Ably from 'ably'
import { join } from 'node:path'
import { PASSWORD, DashboardUser, tokenIn } from '../dashboard/dashboard-user.ts'
import { AblyApp } from '../support/ably-app.ts'
import { Clients } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { damageTable } from '../support/disk.ts'
import { RestartableServer } from '../support/restartable.ts'
import { latchkey } from '../support/server.ts'

const CHANNEL = 'drafts:room'
const UNREADABLE = 'What the channel remembers cannot be read. The log says why.'

const OF_MESSAGES = ['message', 'versions', 'annotations', 'update', 'append', 'annotate']
const OF_ROOMS = ['message', 'update', 'delete', 'reaction', 'own reactions', 'history', 'send']

/** What needs which table; without the first nothing of what is kept can be read, and nothing be kept. */
const NEED: Readonly<Record<string, readonly string[]>> = {
  entries: [
    'history',
    'publish',
    ...OF_MESSAGES,
    ...OF_ROOMS.map((name) => `room ${name}`),
    'room presence',
  ],
  // What is appended becomes part of the version that there is.
  versions: ['versions', 'update', 'room update', 'room delete'],
  annotations: ['annotations', 'annotate', 'room reaction', 'room own reactions'],
}

interface World {
  readonly server: RestartableServer
  readonly app: AblyApp
  readonly clients: Clients
  readonly owner: DashboardUser
  readonly serial: string
  readonly said: Message
}

/** So much that what is read at a start has none of what comes after it. */
async function fill(app: AblyApp, channel: string): Promise<void> {
  const body = Array.from({ length: 100 }, () => ({ data: 'x'.repeat(500) }))
  for (let i = 0; i < 5; i++)
    expect((await app.ask(`/channels/${channel}/messages`, { body })).status).toBe(201)
}

async function roomOf(realtime: Ably.Realtime): Promise<Room> {
  const room = await new ChatClient(realtime, { logLevel: LogLevel.Silent }).rooms.get('room')
  await room.attach()
  return room
}

async function worldWithout(table: string): Promise<World> {
  const server = await RestartableServer.start('--sandbox', '--key-rate', '0')
  const rules = [{ id: 'drafts', persisted: true, mutableMessages: true }]
  const app = await AblyApp.make(server.url, [], rules)
  const clients = new Clients(() => app)
  const realtime = await clients.connected({ clientId: 'ann' })
  await fill(app, CHANNEL)
  await fill(app, 'room::$chat')
  const { serials } = await realtime.channels.get(CHANNEL).publish('n', 'first')
  const serial = serials[0]!
  await realtime.channels.get(CHANNEL).updateMessage({ serial, data: 'second' })
  await realtime.channels
    .get(CHANNEL)
    .annotations.publish(serial, { type: 'flag:distinct.v1', name: 'a' })
  const { messages } = await roomOf(realtime)
  const sent = await messages.send({ text: 'hi' })
  const said = await messages.update(sent.serial, { text: 'ho' })
  await messages.reactions.send(said.serial, { type: MessageReactionType.Distinct, name: '+' })
  clients.end()
  const { out } = await latchkey(['accounts', 'reset', '--data', server.folder])
  const owner = new DashboardUser(server)
  await owner.post('/claim', { token: tokenIn(out), email: 'a@example.com', password: PASSWORD })
  await owner.ready()
  await server.stop()
  // Memory of what was published must not stand in for the file.
  await Bun.$`rm -f ${join(server.folder, 'running.state')}`
  await server.start()
  damageTable(join(server.folder, 'history.db'), table)
  return { server, app, clients, owner, serial, said }
}

type Act = () => Promise<unknown>

function channelActs(channel: Ably.RealtimeChannel, serial: string): Record<string, Act> {
  return {
    history: () => channel.history(),
    message: () => channel.getMessage(serial),
    versions: () => channel.getMessageVersions(serial),
    annotations: () => channel.annotations.get(serial, {}),
    update: () => channel.updateMessage({ serial, data: 'third' }),
    append: () => channel.appendMessage({ serial, data: ' and more' }),
    annotate: () => channel.annotations.publish(serial, { type: 'flag:distinct.v1', name: 'b' }),
    publish: () => channel.publish('n', 'new'),
  }
}

function roomActs(
  { messages, presence, occupancy }: Room,
  { serial }: Message,
): Record<string, Act> {
  const reaction = { type: MessageReactionType.Distinct, name: '-' }
  return {
    'room history': () => messages.history({}),
    'room message': () => messages.get(serial),
    'room reaction': () => messages.reactions.send(serial, reaction),
    'room own reactions': () => messages.reactions.clientReactions(serial),
    'room update': () => messages.update(serial, { text: 'new' }),
    'room delete': () => messages.delete(serial),
    'room send': () => messages.send({ text: 'new' }),
    'room presence': () => presence.enter(),
    'room occupancy': () => occupancy.get(),
  }
}

/** The names of those that fail, each with the code of the protocol. */
async function failing(acts: Record<string, Act>): Promise<[string, unknown][]> {
  const failed: [string, unknown][] = []
  for (const [name, act] of Object.entries(acts)) {
    const code = await act().then(
      () => undefined,
      (error: { code?: number; statusCode?: number }) => `${error.statusCode} ${error.code}`,
    )
    if (code !== undefined) failed.push([name, code])
  }
  return failed
}

describe.each(Object.keys(NEED))('without %s', (table) => {
  let world: World
  beforeAll(async () => {
    world = await worldWithout(table)
  })
  afterAll(async () => {
    world?.clients.end()
    await world?.server.end()
  })

  test.each([false, true])('only what needs it fails, in binary %p', async (useBinaryProtocol) => {
    const { clients, said, serial } = world
    const realtime = await clients.connected({ clientId: 'ann', useBinaryProtocol })
    const failed = await failing({
      ...channelActs(realtime.channels.get(CHANNEL), serial),
      ...roomActs(await roomOf(realtime), said),
    })
    expect(Object.fromEntries(failed)).toEqual(
      Object.fromEntries(NEED[table]!.map((name) => [name, '500 50000'])),
    )
    expect(realtime.connection.state).toBe('connected')
  })

  test('the dashboard shows the channel, who is on it, and that it cannot be read', async () => {
    const { app, owner } = world
    const isUnreadable = table === 'entries'
    const page = await owner.get(`/live/channel?name=${CHANNEL}&app=${app.id}`)
    expect(page.status).toBe(200)
    expect(page.text.includes(UNREADABLE)).toBe(isUnreadable)
    for (const card of ['Right now', 'Publish a message', 'Connections'])
      expect(page.text).toContain(card)
    const older = await owner.get(`/live/channel?name=${CHANNEL}&app=${app.id}&after=x`)
    expect([older.status, older.text.includes(UNREADABLE)]).toEqual([200, isUnreadable])
    const other = await owner.get(`/live/channel?name=open&app=${app.id}`)
    expect([other.status, other.text.includes(UNREADABLE)]).toEqual([200, false])
    for (const path of ['/live', '/live/channels', '/statistics', '/apps'])
      expect([path, (await owner.get(path)).status]).toEqual([path, 200])
    const published = { channel: CHANNEL, app: app.id, name: '', data: '"tried"' }
    const tried = await owner.post('/live/publish', published)
    expect(tried.status < 400).toBe(!isUnreadable)
    expect(tried.text.includes('could not be kept')).toBe(isUnreadable)
  })

  test('a backup is refused, with the name of the file that is damaged', async () => {
    const { folder } = world.server
    const file = join(folder, 'copy.backup')
    const { code, err, out } = await latchkey(['backup', 'create', file, '--data', folder])
    expect([code, out]).toEqual([1, ''])
    const damaged = join(folder, 'history.db')
    expect(err).toBe(`latchkey: ${damaged} cannot be read: it is damaged\n`)
    const left = await Array.fromAsync(new Bun.Glob('copy.backup*').scan(folder))
    expect(left).toEqual([])
  })

  test('the damage is logged once', async () => {
    const { server } = world
    await eventually(() => server.logs.some(({ level }) => level === 'ERROR'), 'it is told')
    const errors = server.logs.filter(({ level }) => level === 'ERROR' || level === 'FATAL')
    const texts = errors.map(({ error, message }) => `${String(message)}: ${String(error)}`)
    expect(new Set(texts).size).toBe(texts.length)
    expect(texts).toContain('history cannot be read: history.db cannot be read: it is damaged')
    for (const text of texts)
      expect(text).toMatch(
        /^history cannot be (read: history\.db cannot be read|kept: history\.db cannot be written): it is damaged$/,
      )
  })
})
