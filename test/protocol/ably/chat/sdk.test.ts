/** Ably Chat and Ably Spaces with their published SDKs. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import {
  ChatClient,
  ChatMessageAction,
  type Message,
  MessageReactionType,
  type Room,
  type RoomOptions,
} from '@ably/chat'
import Spaces, { type Space } from '@ably/spaces'
import { SignJWT } from 'jose'
import { AblyApp } from '../../../support/ably-app.ts'
import { Clients } from '../../../support/ably.ts'
import { eventually } from '../../../support/client.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
})
const chats: ChatClient[] = []
afterEach(async () => {
  // Pending sends would fail after the test.
  for (const client of chats.splice(0)) await client.dispose()
  clients.end()
})
afterAll(() => server.end())

let names = 0
const fresh = () => `room-${names++}`

/** @param claims about the client, which only a JWT can hold */
async function chat(clientId: string, claims: Record<string, string> = {}): Promise<ChatClient> {
  const [kid, secret] = app.keys[0]!.split(':') as [string, string]
  const token = await new SignJWT({ 'x-ably-clientId': clientId, ...claims })
    .setProtectedHeader({ alg: 'HS256', kid })
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(secret))
  const realtime = await clients.connected({ authCallback: (_, give) => give(null, token) })
  const client = new ChatClient(realtime)
  chats.push(client)
  return client
}

async function roomOf(client: ChatClient, name: string, options?: RoomOptions): Promise<Room> {
  const room = await client.rooms.get(name, options)
  await room.attach()
  return room
}

describe('a room', () => {
  test('has messages that are sent, changed and deleted', async () => {
    const name = fresh()
    const [ann, bob] = [
      await roomOf(await chat('ann'), name),
      await roomOf(await chat('bob'), name),
    ]
    const seen: Message[] = []
    bob.messages.subscribe(({ message }) => seen.push(message))
    const sent = await ann.messages.send({
      text: 'hello',
      metadata: { mood: { good: true } },
      headers: { lang: 'en' },
    })
    expect(sent).toMatchObject({
      text: 'hello',
      clientId: 'ann',
      action: ChatMessageAction.MessageCreate,
      metadata: { mood: { good: true } },
      headers: { lang: 'en' },
    })
    const reason = { description: 'typo', metadata: { by: 'hand' } }
    const updated = await ann.messages.update(sent.serial, { text: 'hello!' }, reason)
    expect(updated).toMatchObject({
      serial: sent.serial,
      text: 'hello!',
      metadata: {},
      headers: {},
    })
    expect(updated.version).toMatchObject({ clientId: 'ann', ...reason })
    const deleted = await bob.messages.delete(sent.serial, { description: 'off topic' })
    expect(deleted).toMatchObject({ clientId: 'ann', text: '', version: { clientId: 'bob' } })
    await eventually(() => seen.length === 3, 'all three are seen')
    expect(seen.map(({ action, text, serial }) => [action, text, serial])).toEqual([
      [ChatMessageAction.MessageCreate, 'hello', sent.serial],
      [ChatMessageAction.MessageUpdate, 'hello!', sent.serial],
      [ChatMessageAction.MessageDelete, '', sent.serial],
    ])
    expect(seen.map(({ version }) => version)).toEqual(
      [sent, updated, deleted].map(({ version }) => version),
    )
    expect(await bob.messages.get(sent.serial)).toMatchObject({ version: deleted.version })
  })

  test('gives newcomers the history, page by page, in either order', async () => {
    const room = await roomOf(await chat('ann'), fresh())
    for (const text of ['one', 'two', 'three']) await room.messages.send({ text })
    const newest = await room.messages.history({ limit: 2 })
    expect(newest.items.map(({ text }) => text)).toEqual(['three', 'two'])
    expect((await newest.next())!.items.map(({ text }) => text)).toEqual(['one'])
    const late = await roomOf(await chat('bob'), room.name)
    const { historyBeforeSubscribe } = late.messages.subscribe(() => {})
    await room.messages.send({ text: 'four' })
    const before = await historyBeforeSubscribe({ limit: 10 })
    expect(before.items.map(({ text }) => text)).toEqual(['three', 'two', 'one'])
  })

  test('counts reactions by client and name', async () => {
    const name = fresh()
    const options = { messages: { rawMessageReactions: true } }
    const [ann, bob] = [
      await roomOf(await chat('ann'), name, options),
      await roomOf(await chat('bob'), name, options),
    ]
    const { serial } = await ann.messages.send({ text: 'look' })
    const raw: string[] = []
    bob.messages.reactions.subscribeRaw(({ reaction, type }) =>
      raw.push(`${type} ${reaction.clientId} ${reaction.name}`),
    )
    const reactions = async () => (await ann.messages.get(serial)).reactions
    const like = { type: MessageReactionType.Distinct, name: '👍' }
    await ann.messages.reactions.send(serial, like)
    await bob.messages.reactions.send(serial, like)
    await bob.messages.reactions.send(serial, { type: MessageReactionType.Unique, name: '🚀' })
    const clap = { type: MessageReactionType.Multiple, name: '👏', count: 3 }
    await bob.messages.reactions.send(serial, clap)
    expect(await reactions()).toMatchObject({
      distinct: { '👍': { total: 2, clientIds: ['ann', 'bob'] } },
      unique: { '🚀': { total: 1, clientIds: ['bob'] } },
      multiple: { '👏': { total: 3, clientIds: { bob: 3 } } },
    })
    expect(await ann.messages.reactions.clientReactions(serial)).toEqual({
      distinct: { '👍': { total: 2, clientIds: ['ann'], clipped: false } },
      unique: {},
      multiple: {},
    })
    expect(await ann.messages.reactions.clientReactions(serial, 'bob')).toMatchObject({
      multiple: { '👏': { total: 3, clientIds: { bob: 3 } } },
    })
    await bob.messages.reactions.delete(serial, { type: MessageReactionType.Unique })
    await bob.messages.reactions.delete(serial, like)
    const { distinct, unique } = await reactions()
    expect([distinct['👍']!.clientIds, unique]).toEqual([['ann'], {}])
    await eventually(() => raw.length === 6, 'each is told')
    expect(raw.slice(0, 3)).toEqual([
      'reaction.create ann 👍',
      'reaction.create bob 👍',
      'reaction.create bob 🚀',
    ])
  })

  test('has presence, typing indicators and room reactions', async () => {
    const name = fresh()
    const [ann, bob] = [
      await roomOf(await chat('ann'), name),
      await roomOf(await chat('bob'), name),
    ]
    const seen: string[] = []
    ann.presence.subscribe(({ member, type }) => seen.push(`${type} ${member.clientId}`))
    ann.typing.subscribe(({ currentlyTyping }) =>
      seen.push(`typing ${[...currentlyTyping].join()}`),
    )
    ann.reactions.subscribe(({ reaction }) => seen.push(`${reaction.name} ${reaction.clientId}`))
    await bob.presence.enter({ status: 'here' })
    expect(await ann.presence.isUserPresent('bob')).toBe(true)
    await bob.typing.keystroke()
    await bob.reactions.send({ name: '🎉' })
    await eventually(() => seen.length >= 3, 'all are told')
    expect(seen).toEqual(['enter bob', 'typing bob', '🎉 bob'])
    expect(await ann.occupancy.get()).toEqual({ connections: 2, presenceMembers: 1 })
    expect((await ann.messages.history({ limit: 10 })).items).toEqual([])
    await bob.typing.stop()
  })

  test('shows the user claim of a token for the room', async () => {
    const name = fresh()
    const claims = { [`ably.room.${name}`]: 'moderator' }
    const room = await roomOf(await chat('ann', claims), name)
    const elsewhere = await roomOf(await chat('ann', claims), fresh())
    const seen: (string | undefined)[] = []
    room.messages.subscribe(({ message }) => seen.push(message.userClaim))
    room.presence.subscribe(({ member }) => seen.push(member.userClaim))
    const sent = await room.messages.send({ text: 'order!' })
    expect(sent.userClaim).toBe('moderator')
    expect((await elsewhere.messages.send({ text: 'order!' })).userClaim).toBeUndefined()
    await room.presence.enter()
    await eventually(() => seen.length === 2, 'both are told')
    expect(seen).toEqual(['moderator', 'moderator'])
    const other = await roomOf(await chat('bob'), name)
    expect((await other.messages.update(sent.serial, { text: 'peace' })).userClaim).toBeUndefined()
  })
})

test('has members, locations, cursors and locks of a space', async () => {
  const spaces: Space[] = []
  const name = fresh()
  for (const clientId of ['ann', 'bob']) {
    const client = await clients.connected({ key: app.keys[0]!, clientId })
    const made = new Spaces(client)
    spaces.push(await made.get(name))
  }
  const [ann, bob] = spaces as [Space, Space]
  const seen: string[] = []
  bob.locations.subscribe('update', ({ member, currentLocation }) => {
    seen.push(`${member.clientId} at ${JSON.stringify(currentLocation)}`)
  })
  bob.locks.subscribe('update', ({ id, member, status }) => {
    seen.push(`${id} ${status} by ${member.clientId}`)
  })
  bob.cursors.subscribe('update', ({ clientId, position }) => {
    seen.push(`${clientId} points at ${position.x}`)
  })
  await bob.enter({ name: 'Bob' })
  await ann.enter({ name: 'Ann' })
  await ann.locations.set({ slide: 3 })
  await ann.locks.acquire('cell')
  await eventually(() => seen.includes('cell locked by ann'), 'the lock is told')
  expect(bob.locks.get('cell')).toMatchObject({ status: 'locked', member: { clientId: 'ann' } })
  // The client sends cursors only once it knows that somebody watches.
  await eventually(async () => {
    await ann.cursors.set({ position: { x: 7, y: 8 } })
    return seen.includes('ann points at 7')
  }, 'the cursor is told')
  await ann.cursors.set({ position: { x: 9, y: 9 } })
  await eventually(() => seen.includes('ann points at 9'), 'nothing is left to be sent')
  expect(seen).toContain('ann at {"slide":3}')
  const members = await bob.members.getAll()
  expect(members.map(({ clientId, profileData }) => [clientId, profileData]).toSorted()).toEqual([
    ['ann', { name: 'Ann' }],
    ['bob', { name: 'Bob' }],
  ])
})
