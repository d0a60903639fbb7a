/** Messages of clients of other versions and makers are understood as they mean them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody } from '../../support/ably-app.ts'
import { ACTION, FrameClient } from '../../support/ably.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [{ '*': ['statistics'] }, { 'a:*': ['history'] }])
})
afterAll(() => server.end())

const query = (more = '') => `key=${app.keys[0]}&v=2&clientId=ann${more}`

describe('a client before 2.0 that goes from requests to a WebSocket', () => {
  test('keeps its connection', async () => {
    const opened = await fetch(`${server.url}/comet/connect?${query('&stream=false')}`)
    const [connected] = (await opened.json()) as [
      { connectionId: string; connectionDetails: { connectionKey: string } },
    ]
    const { connectionKey } = connected.connectionDetails
    const socket = await FrameClient.connected(app, query(`&upgrade=${connectionKey}`))
    expect(socket.connectionId).toBe(connected.connectionId)
    expect(await socket.attach('room')).toMatchObject({ action: ACTION.ATTACHED })
    socket.terminate()
  })

  test('gets a new connection if it names an unknown one', async () => {
    const socket = await FrameClient.connected(app, query('&upgrade=nobody!knows'))
    expect(socket.frames[0]).toMatchObject({ action: ACTION.CONNECTED, error: { code: 80018 } })
    socket.terminate()
  })
})

test('a client of an older version may ask for new batch answers', async () => {
  const asked = { headers: { 'x-ably-version': '2' } }
  const body = { channels: ['one', ':no'], messages: { data: 'x' } }
  const wanted = { successCount: 1, failureCount: 1, results: [{ channel: 'one' }, {}] }
  const path = '/messages?newBatchResponse=true'
  const single = await app.ask(path, { body, ...asked })
  expect([single.status, single.body]).toMatchObject([201, wanted])
  const list = await app.ask(path, { body: [body], ...asked })
  expect([list.status, list.body]).toMatchObject([201, [wanted]])
  const present = await app.ask('/presence?channels=one,two&newBatchResponse=true', asked)
  expect([present.status, present.body]).toMatchObject([200, { successCount: 2 }])
  const old = await app.ask('/messages', { body, ...asked })
  expect(old.status).toBe(400)
})

test('the operation statistics is an alias of stats', async () => {
  expect((await app.ask('/stats', { as: app.keys[1]! })).status).toBe(200)
  expect((await app.ask('/stats', { as: app.keys[2]! })).status).toBe(401)
})

describe('the history of meta channels', () => {
  const path = `/channels/${encodeURIComponent('[meta]channel.lifecycle')}`

  test('is empty at first', async () => {
    for (const list of ['messages', 'history', 'presence/history'])
      expect(await app.ask(`${path}/${list}`)).toMatchObject({ status: 200, body: [] })
    const client = await FrameClient.connected(app, query())
    await client.attach('[meta]channel.lifecycle')
    await client.attach('newcomer')
    await client.next(ACTION.MESSAGE)
    const { body } = await app.ask<{ name: string }[]>(`${path}/messages`)
    expect(body.map(({ name }) => name)).toContain('channel.opened')
    client.terminate()
  })

  test('needs a capability, and nobody can publish there', async () => {
    const refused = await app.ask<ErrorBody>(`${path}/messages`, { as: app.keys[2]! })
    expect([refused.status, refused.body.error.code]).toEqual([401, 40160])
    const posted = await app.ask<ErrorBody>(`${path}/messages`, { body: { data: 'x' } })
    expect([posted.status, posted.body.error.code]).toEqual([400, 40010])
  })
})

describe('a message of maximal size with every character escaped', () => {
  const data = '\u0001'.repeat(102_000)

  test('is accepted over realtime and REST', async () => {
    const client = await FrameClient.connected(app, query())
    client.send({ action: 15, channel: 'escapes', msgSerial: 0, messages: [{ data }] })
    await client.next(ACTION.ACK)
    expect((await app.ask('/channels/escapes/messages', { body: { data } })).status).toBe(201)
    const { body } = await app.ask<{ data: string }[]>('/channels/escapes/messages')
    expect(body.map((message) => message.data === data)).toEqual([true, true])
    client.terminate()
  })

  test('that is larger is refused, and the connection stays', async () => {
    const client = await FrameClient.connected(app, query())
    const message = { data: '\u0001'.repeat(103_000) }
    client.send({ action: 15, channel: 'escapes', msgSerial: 0, messages: [message] })
    expect(await client.next(ACTION.NACK)).toMatchObject({ error: { code: 40009 } })
    client.send({ action: 15, channel: 'escapes', msgSerial: 1, messages: [{ data: 'x' }] })
    await client.next(ACTION.ACK)
    client.terminate()
  })
})
