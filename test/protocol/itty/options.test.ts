/** What a client may ask for as it connects, and what it may not (C-7 to C-13). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, eventually, upgradeAnswer } from '../../support/client.ts'
import { IttyClient, freshChannel, metric, statusOf } from '../../support/itty.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer()
  base = server.sockets
})
afterAll(() => server.end())

/** Whether a client with this query hears its own message; another's later one settles that it does not. */
async function hearsItself(query: string): Promise<boolean> {
  const room = freshChannel()
  const client = await Client.join(`${base}${room}?${query}`)
  const other = await Client.join(base + room)
  client.sendJson('mine')
  await other.message('mine')
  other.sendJson('after')
  await client.message('after')
  const heard = client.frames.some((frame) => frame['message'] === 'mine')
  client.close()
  other.close()
  return heard
}

describe('options', () => {
  test.each([
    ['as', { as: 'Ann' }, { alias: 'Ann' }],
    ['alias', { alias: 'Ann' }, { alias: 'Ann' }],
    ['announce', { announce: true, list: true }, { users: [{ self: true }] }],
    ['list', { list: true }, { users: [] }],
  ])('C-7 the option %s of the real client', async (_name, options, expected) => {
    const client = await IttyClient.join(base + freshChannel(), options)
    expect(client.events[0]).toMatchObject(expected)
    client.socket.close()
  })

  test('C-7 echo, joinKey and sendKey of the real client', async () => {
    const room = freshChannel()
    const first = await IttyClient.join(base + room, { echo: true, joinKey: 'j', sendKey: 's' })
    first.socket.send('mine')
    await first.message('mine')
    const listener = await IttyClient.join(base + room, { joinKey: 'j' })
    listener.socket.send('no')
    expect((await listener.error())['message']).toBe('send key required')
  })

  test.each(['true', 'TRUE', 'True', '1'])('C-8 a flag is on for %j', async (value) => {
    expect(await hearsItself(`echo=${value}`)).toBe(true)
  })

  test.each(['false', '0', '', 'yes', 'on', 'undefined', 'null', 'true%20'])(
    'C-8 a flag is off for %j',
    async (value) => {
      expect(await hearsItself(`echo=${value}`)).toBe(false)
    },
  )

  test.each([
    ['as=a&alias=b', 'a'],
    ['alias=b&as=a', 'a'],
    ['as=&alias=b', 'b'],
    ['as=undefined&alias=null', undefined],
    ['as=null', undefined],
    ['as=first&as=second', 'first'],
    ['as=Undefined', 'Undefined'],
    ['as=0', '0'],
  ])('C-9 the query %j gives the alias %j', async (query, alias) => {
    const client = await Client.join(`${base}${freshChannel()}?${query}`)
    expect(client.frames[0]!['alias']).toBe(alias)
    expect('alias' in client.frames[0]!).toBe(alias !== undefined)
    client.close()
  })

  test.each(['joinKey=', 'joinKey=undefined', 'joinKey=null'])(
    'C-9 %j locks nothing',
    async (query) => {
      const room = freshChannel()
      const client = await Client.join(`${base}${room}?${query}`)
      expect(await statusOf(base + room)).toBe(101)
      client.close()
    },
  )

  test('C-9 the first of two keys is used', async () => {
    const room = freshChannel()
    const client = await Client.join(`${base}${room}?joinKey=one&joinKey=two`)
    expect(await statusOf(`${base}${room}?joinKey=two`)).toBe(403)
    expect(await statusOf(`${base}${room}?joinKey=one`)).toBe(101)
    client.close()
  })

  test('C-9 an alias has at most 128 characters', async () => {
    expect(await statusOf(`${base}${freshChannel()}?as=${'x'.repeat(128)}`)).toBe(101)
    const answer = await upgradeAnswer(`${base}${freshChannel()}?as=${'x'.repeat(129)}`)
    expect(answer).toMatchObject({ status: 400, text: 'the alias is too long\n' })
  })

  test('C-10 unknown parameters are ignored', async () => {
    const options = { foo: 'bar', type: 'error', uid: 'me', self: 'true', apiKey: 'x' }
    const client = await IttyClient.join(base + freshChannel(), options)
    expect(Object.keys(client.events[0]!)).toEqual(['type', 'self', 'uid', 'total', 'date'])
    client.socket.close()
  })

  test('C-11 the upgrade alone makes a member, from any origin', async () => {
    const raw = await RawSocket.open(base + freshChannel(), { origin: 'https://any.example' })
    expect(await raw.nextText('"self":true')).toContain('"total":1')
    expect(raw.head).not.toMatch(/sec-websocket-protocol/i)
    raw.destroy()
  })

  test('C-11 an allow-list of origins can be set', async () => {
    const choosy = await startTestServer({
      'allowed-origins': 'https://my.site,https://*.my.site',
    })
    const status = (headers?: Record<string, string>) => statusOf(`${choosy.sockets}x`, headers)
    expect(await status()).toBe(101)
    expect(await status({ origin: 'https://my.site' })).toBe(101)
    expect(await status({ origin: 'https://a.my.site' })).toBe(101)
    expect(await status({ origin: 'https://evil.site' })).toBe(403)
    expect(await status({ origin: 'http://my.site' })).toBe(403)
    expect(await status({ origin: 'null' })).toBe(403)
    await choosy.end()
  })

  test('C-12 an empty channel is refused with 400', async () => {
    expect(await statusOf(base)).toBe(400)
    expect(await statusOf(`${base}?as=x`)).toBe(400)
  })

  test('C-12 a channel name has at most 256 bytes, whatever its characters', async () => {
    expect(await statusOf(base + 'x'.repeat(256))).toBe(101)
    expect(await statusOf(base + 'x'.repeat(257))).toBe(414)
    expect(await statusOf(base + 'é'.repeat(128))).toBe(101)
    expect(await statusOf(base + 'é'.repeat(129))).toBe(414)
    expect(await statusOf(`${base}${'é'.repeat(50)}${'x'.repeat(156)}`)).toBe(101)
    expect(await statusOf(`${base}${'é'.repeat(50)}${'x'.repeat(157)}`)).toBe(414)
    expect(await statusOf(base + '%41'.repeat(256))).toBe(101)
    expect(await statusOf(base + '%41'.repeat(257))).toBe(414)
  })

  test('C-12 a plain request gets 426, another method 405', async () => {
    const url = `${base.replace('ws', 'http')}x`
    const plain = await fetch(url)
    expect(plain.status).toBe(426)
    expect(plain.headers.get('upgrade')).toBe('websocket')
    expect((await fetch(url, { method: 'POST', body: '1' })).status).toBe(405)
  })

  test('C-13 a channel lives from its first join to its last leave, under any name', async () => {
    const own = await startTestServer()
    const count = () => metric(own, 'latchkey_channels')
    expect(await count()).toBe(0)
    const first = await Client.join(`${own.sockets}ws:${encodeURIComponent('"\\ {}\n☃')}`)
    const second = await Client.join(`${own.sockets}ws:${encodeURIComponent('"\\ {}\n☃')}`)
    expect(second.frames[0]!['total']).toBe(2)
    expect(await count()).toBe(1)
    first.close()
    await second.next((frame) => frame['type'] === 'leave')
    expect(await count()).toBe(1)
    second.close()
    await eventually(async () => (await count()) === 0, 'the channel is gone')
    await own.end()
  })
})
