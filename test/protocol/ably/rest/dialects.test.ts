/** What SDKs other than ably-js expect of REST. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  AblyApp,
  type Answered,
  type Asked,
  type ErrorBody,
  linksOf,
} from '../../../support/ably-app.ts'
import { FrameClient } from '../../../support/ably.ts'
import { RawSocket } from '../../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp
let counter = 0

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [], [{ id: 'phones', pushEnabled: true }])
})
afterAll(() => server.end())

const fresh = (word: string) => `${word}-${counter++}`
const namesOf = (items: readonly { name: string }[]) => items.map(({ name }) => name)

describe('publishing', () => {
  test.each([false, true])('goes to /publish too, binary %p', async (binary) => {
    const channel = fresh('alias')
    const body = [{ name: 'a' }, { name: 'b' }]
    expect((await app.ask(`/channels/${channel}/publish`, { binary, body })).status).toBe(201)
    const { items } = await app.client().channels.get(channel).history({ direction: 'forwards' })
    expect(items.map(({ name }) => name)).toEqual(['a', 'b'])
    const { status } = await app.ask(`/channels/${channel}/publish`)
    expect(status).toBe(405)
  })

  test('of two content types the first is used', async () => {
    const path = `/channels/${fresh('types')}/messages`
    const types = (first: string, second: string): Asked => ({
      headers: { 'content-type': `application/${first}, application/${second}` },
    })
    const body = { name: 'a' }
    const asJson = await app.ask(path, { body, ...types('json', 'x-msgpack') })
    const asBinary = await app.ask(path, { binary: true, body, ...types('x-msgpack', 'json') })
    const wrong = await app.ask(path, { body, ...types('x-msgpack', 'json') })
    expect([asJson.status, asBinary.status, wrong.status]).toEqual([201, 201, 400])
    expect(namesOf((await app.ask<{ name: string }[]>(path)).body)).toEqual(['a', 'a'])
  })
})

describe('an unknown path', () => {
  test.each(['/nowhere', '/nowhere/at/all?x=1', '/health/x'])(
    '%s: is answered to SDKs in their form',
    async (path) => {
      for (const binary of [false, true]) {
        const { status, headers, body } = await app.ask<ErrorBody>(path, { as: null, binary })
        expect([status, body.error.code, body.error.statusCode]).toEqual([404, 40400, 404])
        expect(body.error.message).toContain('Could not find')
        expect(body.error).toMatchObject({ href: `${server.url}/errors/40400` })
        expect(headers.get('x-ably-errorcode')).toBe('40400')
      }
      const plain = await fetch(server.url + path)
      expect(plain.status).toBe(404)
      expect(await plain.json()).toMatchObject({ code: 40400, reason: 'not_found' })
    },
  )

  test('has header names in capitals', async () => {
    const { port } = new URL(server.url)
    const request = 'GET /nowhere HTTP/1.1\r\nhost: x\r\nx-ably-version: 2\r\n\r\n'
    const socket = RawSocket.send(Number(port), request)
    expect(await socket.answer()).toBe(404)
    const names = socket.head!.split('\r\n').map((line) => line.split(':')[0])
    expect(names).toContain('X-Ably-Errorcode')
    expect(names).toContain('X-Ably-Errormessage')
    expect(names).toContain('Content-Type')
    socket.destroy()
  })

  test('is wrapped in an envelope for browsers', async () => {
    const { body } = await app.ask<{ headers: object }>('/nowhere?envelope=json')
    expect(body.headers).toMatchObject({ 'x-ably-errorcode': '40400' })
  })
})

describe('lists', () => {
  test('of members are filtered by names with underscores too', async () => {
    const channel = fresh('room')
    const ann = await FrameClient.connected(app, `key=${app.keys[0]}&v=6&clientId=ann`)
    const bob = await FrameClient.connected(app, `key=${app.keys[0]}&v=6&clientId=bob`)
    for (const client of [ann, bob]) {
      await client.attach(channel)
      client.send({ action: 14, channel, msgSerial: 0, presence: [{ action: 2 }] })
      await client.next(1)
    }
    const who = async (query: string) => {
      const path = `/channels/${channel}/presence?${query}`
      return (await app.ask<{ clientId: string }[]>(path)).body.map(({ clientId }) => clientId)
    }
    expect((await who('')).toSorted()).toEqual(['ann', 'bob'])
    expect(await who('client_id=ann')).toEqual(['ann'])
    expect(await who(`connection_id=${bob.connectionId}`)).toEqual(['bob'])
    expect(await who('connection_id=nobody')).toEqual([])
  })

  test('of messages accept ISO 8601 times', async () => {
    const path = `/channels/${fresh('times')}/messages`
    await app.ask(path, { body: { name: 'a' } })
    const now = Date.now()
    const at = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00')
    const names = async (query: string) =>
      namesOf((await app.ask<{ name: string }[]>(`${path}?${query}`)).body)
    expect(await names(`end=${at(now + 60_000)}`)).toEqual(['a'])
    expect(await names(`start=${at(now - 60_000)}`)).toEqual(['a'])
    expect(await names(`end=${encodeURIComponent(at(now - 60_000))}`)).toEqual([])
  })

  test('of messages can be followed by a reader that takes the whole header for one link', async () => {
    const path = `/channels/${fresh('pages')}/messages`
    await app.ask(path, { body: ['a', 'b', 'c', 'd'].map((name) => ({ name })) })
    const seen: string[] = []
    const longest: number[] = []
    let query: string | undefined = 'limit=1&direction=forwards'
    while (query !== undefined) {
      const { body, headers }: Answered<{ name: string }[]> = await app.ask(`${path}?${query}`)
      seen.push(...namesOf(body))
      const line: string = headers.get('link')!
      longest.push(line.length)
      // As ably-rust reads it, and as its URL library writes what it has read.
      const [, found, relation] = /^<[^?]+\?(.+)>;\s*rel="(\w+)"$/.exec(line)!
      query = relation === 'next' ? new URL(`http://x/?${found}`).search.slice(1) : undefined
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd'])
    expect(Math.max(...longest.slice(1, 3))).toBe(longest[1]!)
  })

  test('of devices, subscriptions and channels continue at their short addresses', async () => {
    const [client, channel] = [fresh('client'), `phones:${fresh('room')}`]
    for (const id of [1, 2, 3].map((n) => `${client}-${n}`)) {
      const push = { recipient: { transportType: 'fcm', registrationToken: 'abc' } }
      const body = { id, clientId: client, platform: 'android', formFactor: 'phone', push }
      await app.ask(`/push/deviceRegistrations/${id}`, { method: 'PUT', body })
      await app.ask('/push/channelSubscriptions', { body: { channel, deviceId: id } })
    }
    for (const list of [
      `deviceRegistrations?clientId=${client}`,
      `channelSubscriptions?channel=${channel}`,
    ]) {
      const first = await app.ask<object[]>(`/push/${list}&limit=2`)
      const second = await app.ask<object[]>(linksOf(first.headers).get('next')!.slice(1))
      expect([first.body.length, second.body.length]).toEqual([2, 1])
    }
    await app.ask('/push/channelSubscriptions', {
      body: { channel: `${channel}x`, clientId: client },
    })
    const first = await app.ask<string[]>('/push/channels?limit=1')
    const link = linksOf(first.headers).get('next')!.slice(1)
    for (const path of [link, `/push${link}`])
      expect((await app.ask<string[]>(path)).body).toEqual([`${channel}x`])
    expect(first.body).toEqual([channel])
  })
})

test('a device keeps its secret', async () => {
  const { deviceRegistrations } = app.client().push.admin
  const recipient = { transportType: 'fcm', registrationToken: 'abc' }
  const device = { id: fresh('device'), platform: 'android', formFactor: 'phone' } as const
  const save = (more: object) =>
    deviceRegistrations.save({ ...device, push: { recipient }, ...more })
  await save({})
  await save({ deviceSecret: 'first' })
  await save({ deviceSecret: 'first', formFactor: 'tablet' })
  const error = await save({ deviceSecret: 'second' }).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ statusCode: 400, code: 40000 })
  await save({})
  expect(await deviceRegistrations.get(device.id)).toMatchObject({ deviceSecret: 'first' })
})

test('statistics have flat entries from version 3 on, and only nested members before', async () => {
  const intervalId = `${new Date().getUTCFullYear() - 1}-02-03:15:05`
  const fixture = { intervalId, inbound: { realtime: { messages: { count: 5, data: 50 } } } }
  expect((await app.ask('/stats', { body: [fixture] })).status).toBe(201)
  const read = async (version: string) => {
    const headers = { 'x-ably-version': version }
    const path = `/stats?start=${intervalId}&end=${intervalId}`
    return (await app.ask<Record<string, unknown>[]>(path, { headers })).body[0]
  }
  const nested = { intervalId, unit: 'minute', inbound: fixture.inbound }
  for (const version of ['1.2', '2']) {
    const found = await read(version)
    expect(found).toMatchObject({ intervalId, inbound: { realtime: nested.inbound.realtime } })
    expect(Object.keys(found!)).not.toContain('entries')
    expect(Object.keys(found!)).not.toContain('schema')
  }
  for (const version of ['3', '6']) {
    expect(await read(version)).toMatchObject({
      ...nested,
      schema: expect.any(String),
      entries: { 'messages.inbound.realtime.messages.count': 5 },
    })
  }
})
