/** Presence frame by frame: who is told what, and who is shown to those who come. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ACTION, FrameClient, type ProtocolMessage } from '../../../../support/ably.ts'
import { AblyApp } from '../../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

const PRESENT = 1
const ENTER = 2
const LEAVE = 3
const UPDATE = 4
const HAS_PRESENCE = 1

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'max-presence-members': '300' })
  app = await AblyApp.make(server.url, [{ '*': ['subscribe'] }], [], {
    channels: [{ name: 'fixtures', presence: [{ clientId: 'a', data: 'x' }, { clientId: 'b' }] }],
  })
})
afterAll(() => server.end())

const connect = (more = '&clientId=ann', key = 0) =>
  FrameClient.connected(app, `key=${app.keys[key]}&v=6${more}`)

let names = 0
const fresh = () => `presence-${names++}`

function present(client: FrameClient, channel: string, msgSerial: number, ...presence: object[]) {
  client.send({ action: ACTION.PRESENCE, channel, msgSerial, presence })
}

const membersIn = (frame: ProtocolMessage) => frame['presence'] as Record<string, unknown>[]
const told = (client: FrameClient) =>
  client
    .all(ACTION.PRESENCE)
    .flatMap(membersIn)
    .map(({ action, clientId, data }) => `${String(action)} ${String(clientId)} ${String(data)}`)

describe('changes', () => {
  test('are sent to everybody who watches, the sender included', async () => {
    const channel = fresh()
    const [ann, bob] = [await connect('&clientId=ann&echo=false'), await connect('&clientId=bob')]
    for (const client of [ann, bob]) await client.attach(channel)
    present(ann, channel, 0, { action: UPDATE, data: '1' })
    present(ann, channel, 1, { action: ENTER, data: '2' })
    present(ann, channel, 2, { action: LEAVE })
    present(ann, channel, 3, { action: LEAVE, data: '3' })
    await ann.next(ACTION.ACK, 3)
    await bob.settled()
    // An unknown member enters and a known one updates, whatever the action says.
    const expected = [`${ENTER} ann 1`, `${UPDATE} ann 2`, `${LEAVE} ann 2`, `${LEAVE} ann 3`]
    expect(told(bob)).toEqual(expected)
    expect(told(ann)).toEqual(expected)
    const [first] = bob.all(ACTION.PRESENCE)
    expect(first).toMatchObject({
      id: `${ann.connectionId}:0`,
      connectionId: ann.connectionId,
      channelSerial: expect.any(String),
      timestamp: expect.any(Number),
    })
    expect(ann.all(ACTION.ACK)[0]).toEqual({ action: ACTION.ACK, msgSerial: 0, count: 1 })
  })

  test('of one’s own are sent even to a client that does not watch', async () => {
    const channel = fresh()
    const [ann, bob] = [await connect(), await connect('&clientId=bob')]
    for (const client of [ann, bob])
      await client.attach(channel, { params: { modes: 'presence,publish' } })
    present(ann, channel, 0, { action: ENTER, data: '1' })
    await ann.next(ACTION.PRESENCE)
    await bob.settled()
    expect(told(bob)).toEqual([])
  })

  test('of many members at once are one frame', async () => {
    const channel = fresh()
    const client = await connect('')
    await client.attach(channel)
    const entering = ['a', 'b', 'c'].map((clientId) => ({ action: ENTER, clientId }))
    present(client, channel, 0, ...entering)
    expect(membersIn(await client.next(ACTION.PRESENCE))).toHaveLength(3)
  })
})

describe('a newcomer', () => {
  test('gets the members exactly as others know them', async () => {
    const channel = fresh()
    const [ann, bob] = [await connect(), await connect('&clientId=bob')]
    for (const client of [ann, bob]) await client.attach(channel)
    const extras = { headers: { mood: 'good' } }
    present(ann, channel, 0, { action: ENTER, data: '{"a":1}', encoding: 'json', extras })
    const entered = await bob.next(ACTION.PRESENCE)
    const eve = await connect('&clientId=eve')
    const attached = await eve.attach(channel)
    expect(Number(attached['flags']) & HAS_PRESENCE).toBe(HAS_PRESENCE)
    const [live] = membersIn(entered)
    const [synced] = membersIn(await eve.next(ACTION.SYNC))
    const { id, connectionId, timestamp } = entered
    expect(synced).toEqual({
      id: `${String(id)}:0`,
      connectionId,
      timestamp,
      ...live,
      action: PRESENT,
    })
    expect(eve.frames.map(({ action }) => action)).toEqual([
      ACTION.CONNECTED,
      ACTION.ATTACHED,
      ACTION.SYNC,
    ])
  })

  test('gets many members in pages, with nothing between, and the last is marked', async () => {
    const channel = fresh()
    const client = await connect('')
    await client.attach(channel)
    for (let n = 0; n < 250; n++)
      present(client, channel, n, { action: ENTER, clientId: `m${String(n).padStart(3, '0')}` })
    await client.next(ACTION.ACK, 249)
    const other = await connect('')
    await other.attach(channel)
    await other.next(ACTION.SYNC, 2)
    const pages = other.all(ACTION.SYNC)
    expect(pages.map((page) => membersIn(page).length)).toEqual([100, 100, 50])
    const serials = pages.map(({ channelSerial }) => String(channelSerial))
    for (const serial of serials) expect(serial).toMatch(/^[\w-]+:\d*$/)
    expect(new Set(serials.map((serial) => serial.split(':')[0])).size).toBe(1)
    expect(serials.map((serial) => serial.endsWith(':'))).toEqual([false, false, true])
    const ids = pages.flatMap(membersIn).map(({ clientId }) => String(clientId))
    expect(new Set(ids).size).toBe(250)
  })

  test('may ask again, and is answered even without members', async () => {
    const channel = fresh()
    const client = await connect()
    const attached = await client.attach(channel)
    expect(Number(attached['flags']) & HAS_PRESENCE).toBe(0)
    client.send({ action: ACTION.SYNC, channel })
    expect(await client.next(ACTION.SYNC)).toEqual({ action: ACTION.SYNC, channel, presence: [] })
  })

  test('sees members without a connection', async () => {
    const client = await connect()
    await client.attach('fixtures')
    const members = membersIn(await client.next(ACTION.SYNC))
    expect(members).toMatchObject([
      { clientId: 'a', data: 'x', action: PRESENT },
      { clientId: 'b', action: PRESENT },
    ])
  })

  test('gets no members without the mode', async () => {
    const client = await connect()
    const attached = await client.attach('fixtures', { params: { modes: 'subscribe' } })
    expect(Number(attached['flags']) & HAS_PRESENCE).toBe(0)
    client.send({ action: ACTION.SYNC, channel: 'fixtures' })
    await client.settled()
    expect(client.all(ACTION.SYNC)).toHaveLength(0)
  })
})

describe('is refused', () => {
  const refusal = async (client: FrameClient, n = 0) =>
    ((await client.next(ACTION.NACK, n))['error'] as { code: number }).code

  test('on a channel that is not attached, and without the mode or capability', async () => {
    const channel = fresh()
    const client = await connect()
    present(client, channel, 0, { action: ENTER })
    expect(await refusal(client)).toBe(90001)
    await client.attach(channel, { params: { modes: 'presence_subscribe' } })
    present(client, channel, 1, { action: ENTER })
    expect(await refusal(client, 1)).toBe(40165)
    const narrow = await connect('&clientId=ann', 1)
    await narrow.attach(channel)
    present(narrow, channel, 0, { action: ENTER })
    expect(await refusal(narrow)).toBe(40160)
  })

  test('for another client id, for none, and for a wildcard', async () => {
    const channel = fresh()
    const [ann, nobody] = [await connect(), await connect('')]
    for (const client of [ann, nobody]) await client.attach(channel)
    present(ann, channel, 0, { action: ENTER, clientId: 'bob' })
    expect(await refusal(ann)).toBe(40012)
    present(nobody, channel, 0, { action: ENTER })
    expect(await refusal(nobody)).toBe(40012)
    present(nobody, channel, 1, { action: ENTER, clientId: '*' })
    expect(await refusal(nobody, 1)).toBe(40012)
  })

  test('where the channel is full, with the number that it can have', async () => {
    const channel = fresh()
    const client = await connect('')
    await client.attach(channel)
    const all = Array.from({ length: 301 }, (_, n) => ({ action: ENTER, clientId: `m${n}` }))
    present(client, channel, 0, ...all)
    expect(await client.next(ACTION.NACK)).toMatchObject({
      error: { code: 91003, statusCode: 400, message: expect.stringContaining('300') },
    })
  })
})

test('entering again unchanged is not sent again, and another connection is another member', async () => {
  const channel = fresh()
  const [ann, bob] = [await connect(), await connect('&clientId=bob')]
  for (const client of [ann, bob]) await client.attach(channel)
  present(ann, channel, 0, { action: ENTER, data: '1' })
  const id = `${ann.connectionId}:0:0`
  present(ann, channel, 1, { action: ENTER, data: '1', id })
  present(bob, channel, 0, { action: ENTER, data: '1', id })
  await ann.next(ACTION.ACK, 1)
  const second = await ann.next(ACTION.PRESENCE, 1)
  expect(second).toMatchObject({ id: `${bob.connectionId}:0` })
  expect(membersIn(second)[0]).not.toHaveProperty('id')
})
