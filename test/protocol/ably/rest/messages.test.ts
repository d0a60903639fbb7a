/** Single messages over REST: read, updated, deleted, appended to; and their versions. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type Asked, type ErrorBody } from '../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp
let counter = 0

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'max-message-bytes': '100' })
  app = await AblyApp.make(
    server.url,
    [
      { '*': ['publish', 'history', 'message-update-own', 'message-delete-own'] },
      { '*': ['publish', 'history', 'message-update-any'] },
      { '*': ['publish'] },
    ],
    [
      { id: 'mutable', mutableMessages: true },
      { id: 'named', mutableMessages: true, authenticated: true },
    ],
  )
})
afterAll(() => server.end())

const OWN = 1
const UPDATER = 2
const PUBLISHER = 3

interface WireMessage {
  readonly name?: string
  readonly data?: unknown
  readonly action: number
  readonly serial: string
  readonly timestamp: number
  readonly clientId?: string
  readonly extras?: unknown
  readonly version: { readonly serial: string; readonly timestamp: number }
}

interface Place {
  readonly channel: string
  readonly serial: string
  readonly path: string
}

async function published(body: object, asked: Asked = {}, prefix = 'mutable:'): Promise<Place> {
  const channel = `${prefix}${counter++}`
  const path = `/channels/${channel}/messages`
  const answer = await app.ask<{ serials: string[] }>(path, { body, ...asked })
  const serial = answer.body.serials[0]!
  return { channel, serial, path: `${path}/${encodeURIComponent(serial)}` }
}

const read = async (path: string) => (await app.ask<WireMessage>(path)).body

function change(path: string, body: unknown, asked: Asked = {}) {
  return app.ask<{ versionSerial: string }>(path, { method: 'PATCH', body, ...asked })
}

async function refused(path: string, body: unknown, asked: Asked = {}) {
  const answer = await app.ask<ErrorBody>(path, { method: 'PATCH', body, ...asked })
  return [answer.status, answer.body.error.code]
}

describe.each([false, true])('with useBinaryProtocol %p', (useBinaryProtocol) => {
  test('a message is read, updated, appended to and deleted', async () => {
    const channel = app.client({ useBinaryProtocol }).channels.get(`mutable:${counter++}`)
    const { serials } = await channel.publish('greeting', 'Hello')
    const serial = serials[0]!
    const original = await channel.getMessage(serial)
    expect(original).toMatchObject({ name: 'greeting', data: 'Hello', action: 'message.create' })

    const by = { clientId: 'ann', description: 'why', metadata: { a: 'b' } }
    await channel.updateMessage({ serial, data: 'Hullo' }, by)
    const updated = await channel.getMessage(serial)
    expect(updated).toMatchObject({ name: 'greeting', data: 'Hullo', action: 'message.update' })
    expect(updated.version).toMatchObject(by)
    expect(updated.version!.serial! > original.serial!).toBe(true)
    expect(updated.version!.timestamp!).toBeGreaterThan(original.timestamp!)
    expect(updated.timestamp).toBe(original.timestamp!)

    await channel.appendMessage({ serial, data: ', world' })
    expect(await channel.getMessage(serial)).toMatchObject({ data: 'Hullo, world' })

    const { versionSerial } = await channel.deleteMessage({ serial, data: {} })
    const deleted = await channel.getMessage(serial)
    expect(deleted).toMatchObject({ data: {}, action: 'message.delete' })
    expect(deleted.version!.serial).toBe(versionSerial!)

    const { items } = await channel.getMessageVersions(serial)
    expect(items.map(({ action, data }) => [action, data as unknown])).toEqual([
      ['message.create', 'Hello'],
      ['message.update', 'Hullo, world'],
      ['message.delete', {}],
    ])
    expect((await channel.history()).items).toMatchObject([{ serial, action: 'message.delete' }])
  })
})

describe('a change', () => {
  test('is answered with its version, and may be sent by POST or with an unencoded serial', async () => {
    const { channel, path, serial } = await published({ data: 'x' })
    const { status, body } = await change(path, { action: 1, data: 'y' })
    expect(status).toBe(200)
    expect(body).toEqual({ versionSerial: expect.any(String) })
    const posted = await app.ask(`/channels/${channel}/messages/${serial}`, {
      body: { action: 1, serial, data: 'z' },
    })
    expect(posted.status).toBe(200)
    expect(await read(path)).toMatchObject({ data: 'z', action: 1 })
  })

  test('keeps what it does not name', async () => {
    const { path } = await published({ name: 'n', data: 'd', extras: { headers: { a: 1 } } })
    await change(path, { action: 2 })
    expect(await read(path)).toMatchObject({ name: 'n', data: 'd', extras: { headers: { a: 1 } } })
    await change(path, { action: 1, name: 'm', extras: { headers: { b: 2 } } })
    expect(await read(path)).toMatchObject({ name: 'm', data: 'd', extras: { headers: { b: 2 } } })
  })

  test('appends bytes to bytes', async () => {
    const { path } = await published({ data: new Uint8Array([1]) }, { binary: true })
    await change(path, { action: 5, data: new Uint8Array([2]) }, { binary: true })
    expect(await read(path)).toMatchObject({ data: 'AQI=', encoding: 'base64' })
  })

  test('is refused without a rule for mutable messages', async () => {
    const { path } = await published({ data: 'x' }, {}, 'fixed:')
    expect(await refused(path, { action: 1, data: 'y' })).toEqual([400, 93002])
    expect(await read(path)).toMatchObject({ data: 'x', action: 0 })
  })

  const wrong: readonly [string, unknown, number, number][] = [
    ['that is none', { data: 'x' }, 400, 40003],
    ['of another message than the path names', { action: 1, serial: 'x' }, 400, 40003],
    ['that appends bytes to text', { action: 5, data: 'AQI=', encoding: 'base64' }, 400, 40013],
    ['that makes it too large', { action: 5, data: 'x'.repeat(60) }, 413, 40009],
    ['that is a list', [{ action: 1 }], 400, 40000],
    ['under the name of everybody', { action: 1, version: { clientId: '*' } }, 400, 40012],
  ]
  test.each(wrong)('%s is refused', async (_what, body, status, code) => {
    const { path } = await published({ data: 'x'.repeat(60) })
    expect(await refused(path, body)).toEqual([status, code])
    expect(await read(path)).toMatchObject({ action: 0 })
  })

  test('of a message that is not there is refused', async () => {
    const { path } = await published({ data: 'x' })
    expect(await refused(`${path}9`, { action: 1 })).toEqual([404, 40400])
  })
})

describe('a message may be changed', () => {
  const edit = { action: 1, data: 'mine' }
  const removal = { action: 2 }
  const ann = { clientId: 'ann' }

  test('with the right to any message: anybody’s', async () => {
    const { path } = await published({ data: 'x', ...ann })
    expect((await change(path, edit, { as: app.keys[UPDATER]! })).status).toBe(200)
    expect(await refused(path, removal, { as: app.keys[UPDATER]! })).toEqual([401, 40160])
  })

  test('with the right to own messages: the author', async () => {
    const { path } = await published({ data: 'x', ...ann })
    const own = await app.token(ann, app.keys[OWN]!)
    expect((await change(path, edit, { as: own })).status).toBe(200)
    expect((await change(path, removal, { as: own })).status).toBe(200)
    const bob = await app.token({ clientId: 'bob' }, app.keys[OWN]!)
    expect(await refused(path, edit, { as: bob })).toEqual([401, 40160])
    expect(await refused(path, removal, { as: bob })).toEqual([401, 40160])
  })

  test('not an unidentified client', async () => {
    const { path } = await published({ data: 'x' })
    expect(await refused(path, edit, { as: app.keys[OWN]! })).toEqual([401, 40166])
    const anonymous = await app.token({}, app.keys[OWN]!)
    expect(await refused(path, edit, { as: anonymous })).toEqual([401, 40166])
  })

  test('a key acts under the client id that it names', async () => {
    const { path } = await published({ data: 'x', ...ann })
    const as = app.keys[OWN]!
    expect((await change(path, { ...edit, version: ann }, { as })).status).toBe(200)
    expect(await refused(path, { ...edit, version: { clientId: 'bob' } }, { as })).toEqual([
      401, 40160,
    ])
  })

  test('not under the name of another', async () => {
    const { path } = await published({ data: 'x', ...ann })
    const as = await app.token({ clientId: 'bob' })
    expect(await refused(path, { ...edit, version: ann }, { as })).toEqual([400, 40012])
    expect((await change(path, edit, { as })).status).toBe(200)
    expect((await read(path)).version).toMatchObject({ clientId: 'bob' })
    expect(await read(path)).toMatchObject(ann)
  })

  test('not without a capability, and without learning what exists', async () => {
    const { path } = await published({ data: 'x' })
    const as = app.keys[PUBLISHER]!
    expect(await refused(path, edit, { as })).toEqual([401, 40160])
    expect(await refused(`${path}x`, edit, { as })).toEqual([401, 40160])
  })

  test('only identified clients if the rule says so', async () => {
    const { path } = await published({ data: 'x', ...ann }, {}, 'named:')
    expect(await refused(path, edit)).toEqual([401, 40161])
    expect((await change(path, { ...edit, version: ann })).status).toBe(200)
  })
})

describe('reading', () => {
  test('an unknown message gets 404', async () => {
    const path = '/channels/mutable:none/messages/01710000000000-000@x:000'
    for (const suffix of ['', '/versions']) {
      const { status, body } = await app.ask<ErrorBody>(path + suffix)
      expect([status, body.error.code]).toEqual([404, 40400])
    }
  })

  test('needs the history capability', async () => {
    const { path } = await published({ data: 'x' })
    for (const suffix of ['', '/versions']) {
      const answer = await app.ask<ErrorBody>(path + suffix, { as: app.keys[PUBLISHER]! })
      expect([answer.status, answer.body.error.code]).toEqual([401, 40160])
    }
  })

  test('versions come in pages, the oldest first', async () => {
    const { path } = await published({ data: '0' })
    for (const data of ['1', '2', '3']) await change(path, { action: 1, data })
    const pages = await app.pages<WireMessage>(`${path}/versions?limit=2`)
    expect(pages.map((page) => page.map(({ data }) => data as string))).toEqual([
      ['0', '1'],
      ['2', '3'],
    ])
  })
})
