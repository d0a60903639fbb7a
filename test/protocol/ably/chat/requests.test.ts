/** Requests of Ably Chat: rights, and answers to invalid ones. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type Asked, type ErrorBody } from '../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

interface ChatMessage {
  readonly serial: string
  readonly text: string
  readonly action: string
  readonly clientId: string
  readonly timestamp: number
  readonly createdAt: number
}

const OWN = {
  'own:*': ['publish', 'subscribe', 'history', 'message-update-own', 'message-delete-own'],
}
const LISTENER = { '*': ['subscribe'] }

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'max-message-bytes': '1000' })
  app = await AblyApp.make(
    server.url,
    [OWN, LISTENER],
    [
      { id: 'named', authenticated: true },
      { id: 'quiet', persisted: true },
    ],
  )
})
afterAll(() => server.end())

let names = 0
const fresh = () => `room-${names++}`

const as = (clientId: string, key = app.keys[0]!): Asked => ({
  as: key,
  headers: { 'x-ably-clientid': Buffer.from(clientId).toString('base64') },
})

const messagesOf = (room: string, version = 'v4') =>
  `/chat/${version}/rooms/${encodeURIComponent(room)}/messages`

const send = (room: string, body: unknown, asked = as('ann')) =>
  app.ask<ChatMessage & ErrorBody>(messagesOf(room), { ...asked, body })

const codeOf = ({ status, body }: { status: number; body: unknown }) => [
  status,
  (body as Partial<ErrorBody> | undefined)?.error?.code,
]

describe('sending', () => {
  test('is answered with the message, in either format', async () => {
    const room = fresh()
    const { status, body } = await send(room, { text: 'hi' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ text: 'hi', clientId: 'ann', action: 'message.create' })
    expect(body).toMatchObject({ metadata: {}, headers: {}, version: { serial: body.serial } })
    expect(body.createdAt).toBe(body.timestamp)
    const binary = await send(room, { text: 'ho' }, { ...as('ann'), binary: true })
    expect(binary.body).toMatchObject({ text: 'ho' })
  })

  test('with the same idempotency key is sent once', async () => {
    const room = fresh()
    const path = `${messagesOf(room)}?idempotencyKey=k1`
    const answers = []
    for (let i = 0; i < 2; i++)
      answers.push(await app.ask<ChatMessage>(path, { ...as('ann'), body: { text: 'once' } }))
    expect(answers[1]!.body.serial).toBe(answers[0]!.body.serial)
    const { body } = await app.ask<ChatMessage[]>(messagesOf(room))
    expect(body.map(({ text }) => text)).toEqual(['once'])
  })

  test.each<[string, unknown]>([
    ['no text', {}],
    ['a text that is none', { text: 1 }],
    ['metadata that are none', { text: 'x', metadata: 'm' }],
    ['a list', [{ text: 'x' }]],
    ['nothing', '""'],
  ])('%s is refused', async (_, body) => {
    expect(codeOf(await send(fresh(), body))).toEqual([400, 40000])
  })

  test('with nested headers or too much content is refused', async () => {
    const nested = { text: 'x', headers: { a: {} } }
    expect(codeOf(await send(fresh(), nested))).toEqual([400, 40032])
    const { status, body } = await send(fresh(), { text: 'x'.repeat(1100) })
    expect([status, body.error.code]).toEqual([413, 40009])
  })

  test('needs a client id', async () => {
    expect(codeOf(await send(fresh(), { text: 'x' }, { as: app.keys[0]! }))).toEqual([401, 40161])
    const token = await app.token()
    expect(codeOf(await send(fresh(), { text: 'x' }, { as: token }))).toEqual([401, 40161])
    expect((await send('named', { text: 'x' })).status).toBe(201)
  })

  test('needs the publish capability on the channel of the room', async () => {
    const refused = [401, 40160]
    expect(codeOf(await send('other', { text: 'x' }, as('ann', app.keys[1])))).toEqual(refused)
    expect(codeOf(await send('own:1', { text: 'x' }, as('ann', app.keys[2])))).toEqual(refused)
  })
})

describe('changing', () => {
  test('a message needs to be one’s own, if the key permits no more', async () => {
    const room = 'own:1'
    const { serial } = (await send(room, { text: 'mine' })).body
    const path = `${messagesOf(room)}/${encodeURIComponent(serial)}`
    const change = (clientId: string) => ({
      ...as(clientId, app.keys[1]),
      method: 'PUT',
      body: { message: { text: 'changed' } },
    })
    expect(codeOf(await app.ask(path, change('bob')))).toEqual([401, 40160])
    expect((await app.ask(path, change('ann'))).body).toMatchObject({ text: 'changed' })
    const remove = (clientId: string) => ({ ...as(clientId, app.keys[1]), body: {} })
    expect(codeOf(await app.ask(`${path}/delete`, remove('bob')))).toEqual([401, 40160])
    expect((await app.ask(`${path}/delete`, remove('ann'))).body).toMatchObject({
      action: 'message.delete',
      text: '',
    })
    const { body } = await app.ask<ChatMessage[]>(`${path}/versions`)
    expect(body.map(({ action, text }) => [action, text])).toEqual([
      ['message.create', 'mine'],
      ['message.update', 'changed'],
      ['message.delete', ''],
    ])
  })

  test('of an unknown message is refused', async () => {
    const room = fresh()
    const { serial } = (await send(room, { text: 'x' })).body
    const path = `${messagesOf(room)}/${encodeURIComponent(serial)}`
    const put = { ...as('ann'), method: 'PUT' }
    for (const body of [{}, { message: {} }, { message: 'x' }, { text: 'x' }])
      expect(codeOf(await app.ask(path, { ...put, body }))).toEqual([400, 40000])
    const unknown = `${messagesOf(room)}/01700000000000-000@abc:000`
    for (const [rest, asked] of [
      ['', { ...put, body: { message: { text: 'x' } } }],
      ['/delete', { ...as('ann'), body: {} }],
      ['', {}],
      ['/versions', {}],
      ['/client-reactions', as('ann')],
      ['/reactions', { ...as('ann'), body: { type: 'distinct', name: 'x' } }],
    ] as const)
      expect((await app.ask(unknown + rest, asked)).status).toBe(404)
  })
})

test('reactions need a known type and a name', async () => {
  const room = fresh()
  const { serial } = (await send(room, { text: 'x' })).body
  const path = `${messagesOf(room)}/${encodeURIComponent(serial)}/reactions`
  for (const body of [{}, { type: 'flag', name: 'x' }, { type: 'distinct' }, { name: 'x' }])
    expect(codeOf(await app.ask(path, { ...as('ann'), body }))).toEqual([400, 40000])
  expect(codeOf(await app.ask(path, { ...as('ann', app.keys[2]), body: {} }))).toEqual([401, 40160])
  expect(codeOf(await app.ask(path, { ...as('ann'), method: 'DELETE' }))).toEqual([400, 40000])
})

test('rooms of version 2 are served, and of unknown versions not', async () => {
  const room = fresh()
  const asked = { ...as('ann'), body: { text: 'old' } }
  expect((await app.ask(messagesOf(room, 'v2'), asked)).status).toBe(201)
  const channel = encodeURIComponent(`${room}::$chat::$chatMessages`)
  const { body } = await app.ask<{ name: string; data: string }[]>(`/channels/${channel}/messages`)
  expect(body.map(({ name, data }) => [name, JSON.parse(data)])).toEqual([
    ['chat.message', { text: 'old' }],
  ])
  for (const version of ['v0', 'v5', 'x'])
    expect((await app.ask(messagesOf(room, version), asked)).status).toBe(404)
})

test('other messages on the channel of a room are read as empty ones', async () => {
  const room = 'quiet'
  const channel = encodeURIComponent(`${room}::$chat`)
  for (const data of ['plain', '[1]', '5'])
    await app.ask(`/channels/${channel}/messages`, { body: { name: 'n', data, encoding: 'json' } })
  await app.ask(`/channels/${channel}/messages`, { body: { data: 'text' } })
  const { status, body } = await app.ask<ChatMessage[]>(messagesOf(room))
  expect([status, body.map(({ text }) => text)]).toEqual([200, ['', '', '', '']])
})

test('the occupancy of an empty room is zero', async () => {
  const { status, body } = await app.ask(`/chat/v4/rooms/${fresh()}/occupancy`)
  expect([status, body]).toEqual([200, { connections: 0, presenceMembers: 0 }])
})
