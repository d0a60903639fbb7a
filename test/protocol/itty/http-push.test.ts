/** HTTP push (H-1 to H-6). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, eventually } from '../../support/client.ts'
import { IttyClient, freshChannel, joinAll, metric, reserveAll } from '../../support/itty.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'
import { startTimedServer } from '../../support/timed-server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
  base = server.sockets
  await reserveAll(server, {
    acme: { sendKey: 's', joinKey: 'j' },
    feed: { sendKey: 's' },
    doors: { joinKey: 'j' },
    bare: {},
    'feed:child': { sendKey: 'other' },
    guarded: { sendKey: 's', guardEvents: true },
  })
})
afterAll(() => server.end())

type Body = string | Uint8Array

/** Pushes, by default with the right key. */
async function push(channel: string, body: Body, headers: Record<string, string> = KEY) {
  const url = `${server.url}/push/${channel}`
  const response = await fetch(url, { method: 'POST', body, headers })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

/** The bytes of UTF-8 one by one, which is how curl and most programs write a header. */
function utf8Key(key: string): Record<string, string> {
  return { 'x-send-key': Buffer.from(key).toString('latin1') }
}

const KEY = { 'x-send-key': 's' }

describe('push', () => {
  const values = ['{"a":[1,null]}', '"text"', '0', 'null', 'true', '[]', ' {"b":1, "a":2} ']

  test.each(values)('H-1 the body %j is the message', async (body) => {
    const name = `feed:${freshChannel()}`
    const reader = await IttyClient.join(base + name)
    expect((await push(name, body)).status).toBe(200)
    await reader.message(JSON.parse(body))
    reader.socket.close()
  })

  test('H-1 the text is not rewritten on its way', async () => {
    const name = `feed:${freshChannel()}`
    const reader = await Client.join(base + name)
    await push(name, '{"n": 12345678901234567890, "b":1.0}')
    await reader.next((frame) => 'message' in frame)
    expect(reader.raw[1]).toStartWith('{"message":{"n": 12345678901234567890, "b":1.0},"date":')
  })

  test('H-2 POST with a content type, as the hosted service has it', async () => {
    const answer = await push('feed', '{}', { ...KEY, 'content-type': 'application/json' })
    expect(answer.status).toBe(200)
  })

  test.each(['feed/room', 'feed%2Froom', 'f%65ed:room', 'feed:room?query=ignored'])(
    'H-3 the path %j is read like that of a socket',
    async (path) => {
      const reader = await Client.join(base + path)
      expect((await push(path, '"here"')).text).toBe('{"receivers":1}')
      await reader.message('here')
      reader.close()
    },
  )

  test.each(['text/plain', 'application/octet-stream', ''])(
    'H-3 the content type %j is no obstacle, and the join key is not needed',
    async (type) => {
      const name = `acme:${freshChannel()}`
      const reader = await Client.join(`${base}${name}?joinKey=j`)
      expect((await push(name, '1', { ...KEY, 'content-type': type })).status).toBe(200)
      await reader.message(1)
    },
  )

  test('H-4 everybody on the channel gets the message and the date, no sender', async () => {
    const name = `feed:${freshChannel()}`
    const clients = await joinAll(base + name, ['', 'echo=true&sendKey=s', 'as=C&announce=true'])
    expect((await push(name, '{"x":1}')).text).toBe('{"receivers":3}')
    for (const client of clients) {
      const frame = await client.message({ x: 1 })
      expect(Object.keys(frame)).toEqual(['message', 'date'])
      expect(client.frames.at(-1)).toBe(frame)
    }
    // No join and no leave: the next member counts one more than before.
    const next = await Client.join(base + name)
    expect(next.frames[0]!['total']).toBe(4)
  })

  test('H-4 a channel that nobody is on is not created', async () => {
    const before = await metric(server, 'latchkey_channels')
    expect((await push(`feed:${freshChannel()}`, '1')).text).toBe('{"receivers":0}')
    expect(await metric(server, 'latchkey_channels')).toBe(before)
  })

  test('H-5 success is 200 with the number of receivers as JSON', async () => {
    const answer = await push('feed:empty', '1')
    expect(answer).toMatchObject({ status: 200, text: '{"receivers":0}' })
    expect(answer.headers.get('content-type')).toBe('application/json')
  })

  test.each([
    ['no body', ''],
    ['no JSON', 'undefined'],
    ['two values', '1 2'],
    ['a byte order mark', '\uFEFF1'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['too many levels', '['.repeat(65) + ']'.repeat(65)],
  ])('H-5 400 for %s', async (_fault, body) => {
    const reader = await Client.join(`${base}feed:bad`)
    expect((await push('feed:bad', body)).status).toBe(400)
    await push('feed:bad', '"good"')
    await reader.message('good')
    expect(reader.frames).toHaveLength(2)
    reader.close()
  })

  test('H-5 a push is guarded like a message', async () => {
    expect((await push('guarded', '{"type":"join"}')).status).toBe(400)
    expect((await push('guarded', '{"type":"other"}')).status).toBe(200)
  })

  test.each([
    ['a missing key', 'feed', {}],
    ['an empty key', 'feed', { 'x-send-key': '' }],
    ['a wrong key', 'feed', { 'x-send-key': 'S' }],
    ['the join key', 'acme', { 'x-send-key': 'j' }],
    ['the key of the parent', 'feed:child', KEY],
    ['a reservation without a send key', 'doors', KEY],
    ['a reservation without keys', 'bare', KEY],
    ['no reservation', 'nobodys', KEY],
  ])('H-5 the same 403 for %s', async (_case, channel, headers) => {
    const answer = await push(channel, '1', headers)
    expect(answer).toMatchObject({
      status: 403,
      text: '{"error":{"code":"push_refused","message":"the send key is missing or wrong"}}',
    })
  })

  test('H-1 a key beyond ASCII is read as programs and browsers encode it', async () => {
    server.reserve('umlaut', { sendKey: 'schlüssel' })
    await eventually(
      async () => (await push('umlaut', '1', utf8Key('schlüssel'))).status === 200,
      'it fits',
    )
    expect((await push('umlaut', '1', { 'x-send-key': 'schlüssel' })).status).toBe(200)
    expect((await push('umlaut', '1', utf8Key('schlussel'))).status).toBe(403)
  })

  test('H-5 an ephemeral send key does not count', async () => {
    const name = freshChannel()
    const first = await Client.join(`${base}${name}?sendKey=s`)
    expect((await push(name, '"no"')).status).toBe(403)
    first.send('nonsense')
    await first.error()
    expect(first.frames).toHaveLength(2)
  })

  test('H-5 a key in the query is not accepted', async () => {
    expect((await push('feed?sendKey=s&x-send-key=s', '1', {})).status).toBe(403)
  })

  test.each(['GET', 'PUT', 'DELETE'])('H-5 %s is answered with 405 and Allow', async (method) => {
    const response = await fetch(`${server.url}/push/feed`, { method, headers: KEY })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, OPTIONS')
  })

  test('H-5 413 over the size of a message, whether or not the length is announced', async () => {
    const fits = `"${'x'.repeat(102_398)}"`
    expect((await push('feed', fits)).status).toBe(200)
    expect((await push('feed', `${fits} `)).status).toBe(413)
    expect((await push('feed', 'x'.repeat(3_000_000))).status).toBe(413)
    const chunk = `c350\r\n${'x'.repeat(50_000)}\r\n`
    const raw = RawSocket.send(
      server.port,
      'POST /push/feed HTTP/1.1\r\nhost: x\r\nx-send-key: s\r\ntransfer-encoding: chunked\r\n\r\n' +
        `${chunk}${chunk}${chunk}0\r\n\r\n`,
    )
    expect(await raw.answer()).toBe(413)
    raw.destroy()
  })

  test('H-5 413 is answered before the body arrives, if its length is announced', async () => {
    const raw = RawSocket.send(
      server.port,
      'POST /push/feed HTTP/1.1\r\nhost: x\r\nx-send-key: s\r\ncontent-length: 102401\r\n\r\n',
    )
    expect(await raw.answer()).toBe(413)
    raw.destroy()
  })

  test('H-5 the key is checked before the body is read', async () => {
    expect((await push('feed', 'nonsense', {})).status).toBe(403)
    expect((await push('feed', 'x'.repeat(102_401), {})).status).toBe(403)
  })

  test('H-5 429 over the rate of an address, with a hint when to come back', async () => {
    const timed = await startTimedServer({ 'push-rate': '1', 'push-burst': '2' })
    const one = () => fetch(`${timed.url}/push/x`, { method: 'POST', body: '1' })
    expect([(await one()).status, (await one()).status]).toEqual([403, 403])
    const limited = await one()
    expect(limited.status).toBe(429)
    expect(limited.headers.get('retry-after')).toBe('1')
    timed.clock.advance(1000)
    expect((await one()).status).toBe(403)
    await timed.end()
  })

  test('H-6 preflights are answered, and answers may be read from any page', async () => {
    const preflight = await fetch(`${server.url}/push/feed`, {
      method: 'OPTIONS',
      headers: { origin: 'https://x.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-send-key')
    for (const headers of [KEY, {}]) {
      const answer = await push('feed', '1', headers)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    }
  })

  test('H-6 there is no direct push', async () => {
    const name = `feed:${freshChannel()}`
    const reader = await Client.join(base + name)
    expect((await push(name, `\u001F${reader.uid}\u001F"x"`)).status).toBe(400)
  })

  test('H-4 pushes and messages of sockets come in one order to everybody', async () => {
    const name = `feed:${freshChannel()}`
    const [a, b] = await joinAll(base + name, ['sendKey=s&echo=true', ''])
    const pushes = Array.from({ length: 10 }, (_, i) => push(name, `${i}`))
    for (let i = 10; i < 20; i++) a.sendJson(i)
    await Promise.all(pushes)
    await eventually(() => a.frames.length === 22 && b.frames.length === 21, 'all are here')
    expect(a.raw.slice(2)).toEqual(b.raw.slice(1))
  })
})
