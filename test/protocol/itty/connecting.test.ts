/** Connecting: addresses, channel names and options (C-1 to C-13). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client } from '../../support/client.ts'
import { IttyClient, freshChannel, reserve, statusOf } from '../../support/itty.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer()
  base = server.sockets
})
afterAll(() => server.end())

/** Whether two spellings lead to one channel, judged by totals and by who hears whom, which must agree. */
async function meet(first: string, second: string): Promise<boolean> {
  const room = freshChannel()
  const a = await Client.join(`${base}${room}${first}?echo=true`)
  const b = await Client.join(`${base}${room}${second}?echo=true`)
  a.sendJson('from a')
  await a.message('from a')
  b.sendJson('from b')
  await b.message('from b')
  a.close()
  b.close()
  const isCounted = b.frames[0]!['total'] === 2
  expect(b.frames.some((frame) => frame['message'] === 'from a')).toBe(isCounted)
  return isCounted
}

describe('connecting', () => {
  test('C-1 channels are at /c/ and nowhere else', async () => {
    expect(await statusOf(`${base}${freshChannel()}`)).toBe(101)
    // The root is where Ably's SDKs connect.
    for (const path of ['/r/x', '/C/x', '/x', '/c']) {
      expect(await statusOf(`ws://127.0.0.1:${server.port}${path}`)).not.toBe(101)
    }
  })

  test('C-2 the unmodified client takes a whole URL, or a base with the room appended', async () => {
    const room = freshChannel()
    const whole = await IttyClient.join(`${base}${room}`)
    const appended = await IttyClient.join(base + room)
    appended.socket.send('hello')
    expect(await whole.message('hello')).toMatchObject({ uid: appended.uid })
  })

  test('C-2 a base path of a proxy is part of the address', async () => {
    const below = await startTestServer({ 'base-path': '/realtime' })
    const client = await IttyClient.join(`ws://127.0.0.1:${below.port}/realtime/c/room`)
    expect(client.events[0]).toMatchObject({ total: 1 })
    expect(await statusOf(`ws://127.0.0.1:${below.port}/c/room`)).toBe(404)
    await below.end()
  })

  test('C-3 the query that the client always appends is no part of the channel', async () => {
    const room = freshChannel()
    const bare = await IttyClient.join(base + room)
    await IttyClient.join(base + room, {})
    expect(await bare.next((event) => event['total'] === 2)).toBeDefined()
  })

  test('C-3 options in the URL swallow the real ones, as the client builds it', async () => {
    const room = freshChannel()
    await IttyClient.join(`${base}${room}?joinKey=z`, { a: '1' })
    expect(await statusOf(`${base}${room}?joinKey=z`)).toBe(403)
    expect(await statusOf(`${base}${room}?joinKey=z%3Fa%3D1`)).toBe(101)
  })

  test.each([
    ['a b', 'a%20b'],
    ['größe', 'gr%C3%B6%C3%9Fe'],
    ['a:b/c', 'a:b/c'],
    ['watching//page/', 'watching//page/'],
    ['ready%20made', 'ready%20made'],
    ['up/../over', 'over'],
    ['back\\slash', 'back/slash'],
  ])('C-4 the path %j arrives as the platform encodes it', async (typed, encoded) => {
    const typist = await IttyClient.join(base + typed)
    const raw = await RawSocket.open(base + encoded)
    await raw.nextText('"self":true', '"total":2')
    raw.destroy()
    typist.socket.close()
  })

  test.each([
    ['%61bc', 'abc', true],
    ['acme%3Ax%2Fy', 'acme:x/y', true],
    ['%F0%9F%98%80', '😀', true],
    ['%2561', '%25%36%31', true],
    ['%2561', 'a', false],
    ['%2561', '%61', false],
    ['A', 'a', false],
    ['caf%C3%A9', 'cafe%CC%81', false],
    ['a//b', 'a/b', false],
    ['a/', 'a', false],
    ['n%00a', 'n%00b', false],
    ['a+b', 'a%20b', false],
    ['t/%23', 't/x', false],
    ['t/%2B', 't/y', false],
  ])('C-5 %j and %j name the same channel: %p', async (first, second, same) => {
    expect(await meet(first, second)).toBe(same)
  })

  test.each(['%', '%zz', 'a%2', '%ff', '%C3', '%ED%A0%80', '%C0%AF'])(
    'C-5 the name %j cannot be decoded and is refused with 400',
    async (name) => {
      const raw = await RawSocket.open(base + name)
      expect(await raw.answer()).toBe(400)
      raw.destroy()
    },
  )

  test('C-5 a reservation cannot be avoided by another spelling', async () => {
    await reserve(server, 'spelled', { joinKey: 'k' })
    for (const name of ['spelled', '%73pelled', 'spelled%3Ax', 'spelled%2Fx', 'x/../spelled/y']) {
      expect(await statusOf(base + name)).toBe(403)
    }
  })

  test('C-6 options are form-encoded: + is a space and %2B a plus', async () => {
    const named = await Client.join(`${base}${freshChannel()}?as=a+b%2Bc%20d`)
    expect(named.frames[0]!['alias']).toBe('a b+c d')
    const room = freshChannel()
    const key = 'k+/? &=%'
    await IttyClient.join(base + room, { joinKey: key })
    expect(await statusOf(`${base}${room}?joinKey=k+/?`)).toBe(403)
    expect(await statusOf(`${base}${room}?joinKey=${encodeURIComponent(key)}`)).toBe(101)
  })
})
