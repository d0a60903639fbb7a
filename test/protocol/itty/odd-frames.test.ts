/** Frames that are no JSON, no text, or come at odd moments (F-7 to F-12). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client } from '../../support/client.ts'
import { IttyClient, freshChannel, joinAll } from '../../support/itty.ts'
import { OPCODE, closeCode, rawFrame } from '../../support/raw-frame.ts'
import { RawSocket, handshake } from '../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'
import { startTimedServer } from '../../support/timed-server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer()
  base = server.sockets
})
afterAll(() => server.end())

const messagesOf = (client: Client) =>
  client.frames.filter((frame) => frame['type'] === undefined).map((frame) => frame['message'])

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

describe('frames that cannot be relayed', () => {
  test.each([
    ['send() without argument', 'undefined', 'not_json'],
    ['an empty frame', '', 'not_json'],
    ['a space', ' ', 'not_json'],
    ['half an object', '{', 'not_json'],
    ['single quotes', "'x'", 'not_json'],
    ['two values', '1 2', 'not_json'],
    ['a trailing comma', '{"a":1,}', 'not_json'],
    ['no number', 'NaN', 'not_json'],
    ['a byte order mark', '\uFEFF1', 'not_json'],
    ['a control character', '"a\u0001b"', 'not_json'],
    ['65 arrays in each other', nested(65), 'too_deep'],
    ['50,000 arrays in each other', nested(50_000), 'too_deep'],
    ['65 objects in each other', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, 'too_deep'],
  ])('F-7 %s gets an error, is not relayed, and keeps the socket', async (_name, text, code) => {
    const [sender, other] = await joinAll(base + freshChannel(), ['echo=true', ''])
    sender.send(text)
    expect((await sender.error())['code']).toBe(code)
    sender.sendJson('after')
    await other.message('after')
    await sender.message('after')
    expect([messagesOf(sender), messagesOf(other)]).toEqual([['after'], ['after']])
  })

  test('F-7 send() without an argument does the same', async () => {
    const client = await IttyClient.join(base + freshChannel())
    client.socket.send(undefined)
    expect((await client.error())['message']).toBe('the message is not valid JSON')
  })

  test('F-7 they count toward the rate, but alone they never end the socket', async () => {
    const timed = await startTimedServer({ 'message-rate': '1', 'message-burst': '100' })
    const client = await Client.join(`${timed.sockets}x`)
    for (let i = 0; i < 100; i++) client.send('undefined')
    client.sendJson('one too many')
    const limited = await client.next((frame) => frame['code'] === 'rate_limited')
    expect(limited['message']).toBe('too many messages')
    expect(client.frames.filter((frame) => frame['code'] === 'not_json')).toHaveLength(100)
    expect(client.closed).toBeUndefined()
    await timed.end()
  })

  test('F-8 a binary frame gets an error and is not relayed', async () => {
    const [sender, other] = await joinAll(base + freshChannel(), ['echo=true', ''])
    sender.send(new TextEncoder().encode('"as bytes"'))
    expect(await sender.error()).toMatchObject({ code: 'binary_frame' })
    sender.sendJson('after')
    await other.message('after')
    expect(messagesOf(other)).toEqual(['after'])
  })

  test('F-8 repeated binary frames end the socket with 1003', async () => {
    const timed = await startTimedServer({ 'max-warnings': '3' })
    const client = await Client.join(`${timed.sockets}x`)
    for (let i = 1; i <= 4; i++) {
      client.send(new Uint8Array([i]))
      await client.until(() => (client.frames.length > i ? true : undefined))
      timed.clock.advance(1001)
      if (i <= 3) expect(client.closed).toBeUndefined()
    }
    expect((await client.closing()).code).toBe(1003)
    await timed.end()
  })

  test('F-8 text that is not UTF-8 ends the socket with 1007', async () => {
    const channel = base + freshChannel()
    const other = await Client.join(channel)
    const raw = await RawSocket.open(channel)
    raw.text(new Uint8Array([0x22, 0xc3, 0x28, 0x22]))
    const close = await raw.next((frame) => frame.opcode === OPCODE.close)
    expect(closeCode(close)).toBe(1007)
    await other.next((frame) => frame['type'] === 'leave')
    expect(messagesOf(other)).toEqual([])
  })
})

describe('what is relayed', () => {
  test.each([
    ['a long number', '12345678901234567890.123456789'],
    ['a number without end', '1e400'],
    ['minus zero', '-0'],
    ['a whole number as a fraction', '1.0'],
    ['keys in disorder and twice', '{"b":1,"a":2,"b":3}'],
    ['escapes', '"\\u0041\\/\\ud83d\\ude00\\ud83d\u2028"'],
    ['white space', ' [ 1 ,\n\t2 ] '],
    ['dangerous keys', '{"__proto__":{"x":1},"constructor":null}'],
    ['64 arrays in each other', nested(64)],
  ])('F-9 the JSON text of %s arrives as it was sent', async (_name, text) => {
    const [sender, reader] = await joinAll(base + freshChannel(), ['', ''])
    sender.send(text)
    const frame = await reader.until(() => reader.raw.find((raw) => raw.startsWith('{"message"')))
    expect(frame).toStartWith(`{"message":${text},"uid":"${sender.uid}","date":`)
  })

  test('F-10 everything queued before the open arrives, in order', async () => {
    const channel = base + freshChannel()
    const reader = await IttyClient.join(channel)
    const writer = new IttyClient(channel)
    const queued = Array.from({ length: 100 }, (_, i) => i)
    for (const i of queued) writer.socket.send(i)
    await reader.message(99)
    expect(reader.messages).toEqual(queued)
  })

  test('F-10 frames that arrive with the handshake are relayed', async () => {
    const room = freshChannel()
    const reader = await Client.join(base + room)
    const frames = [1, 2, 3].map((n) => rawFrame({ opcode: OPCODE.text, payload: `${n}` }))
    const hasty = RawSocket.send(
      server.port,
      Buffer.concat([Buffer.from(handshake(`/c/${room}`)), ...frames]),
    )
    await reader.message(3)
    expect(messagesOf(reader)).toEqual([1, 2, 3])
    expect(reader.frames.map((frame) => frame['type'])[1]).toBe('join')
    hasty.destroy()
  })

  test('F-10 a message in fragments, with a ping between them, is one message', async () => {
    const channel = base + freshChannel()
    const reader = await Client.join(channel)
    const raw = await RawSocket.open(channel)
    raw.frame({ opcode: OPCODE.text, fin: false, payload: '"in ' })
    raw.frame({ opcode: OPCODE.ping, payload: 'still there?' })
    raw.frame({ opcode: OPCODE.continuation, payload: 'parts"' })
    await reader.message('in parts')
    const pong = await raw.next((frame) => frame.opcode === OPCODE.pong)
    expect(pong.payload.toString()).toBe('still there?')
    raw.destroy()
  })
})

describe('short visits', () => {
  test('F-11 push of the real client: members see join, message, leave', async () => {
    const channel = base + freshChannel()
    const reader = await Client.join(channel)
    new IttyClient(channel, { as: 'P', announce: true }).socket.push('hit')
    await reader.next((frame) => frame['type'] === 'leave')
    const seen = reader.frames.slice(1).map(({ type, alias, message }) => [type, alias, message])
    expect(seen).toEqual([
      ['join', 'P', undefined],
      [undefined, 'P', 'hit'],
      ['leave', 'P', undefined],
    ])
  })

  test('F-11 push on an open socket sends and stays', async () => {
    const channel = base + freshChannel()
    const reader = await IttyClient.join(channel)
    const client = await IttyClient.join(channel)
    client.socket.push('one')
    await reader.message('one')
    client.socket.send('two')
    await reader.message('two')
    expect(client.closes).toBe(0)
  })

  test('F-11 data that comes in one piece with the close is processed first', async () => {
    const channel = base + freshChannel()
    const reader = await Client.join(channel)
    const raw = await RawSocket.open(channel)
    const data = [1, 2, 3].map((n) => rawFrame({ opcode: OPCODE.text, payload: `${n}` }))
    raw.write(Buffer.concat([...data, rawFrame({ opcode: OPCODE.close })]))
    await reader.next((frame) => frame['type'] === 'leave')
    expect(messagesOf(reader)).toEqual([1, 2, 3])
    expect(reader.frames.at(-1)!['type']).toBe('leave')
  })

  test('F-12 a client closed before it was open still joins and leaves', async () => {
    const channel = base + freshChannel()
    const reader = await Client.join(channel)
    new IttyClient(channel).socket.close()
    await reader.next((frame) => frame['type'] === 'leave')
    expect(reader.frames.map((frame) => [frame['type'], frame['total']])).toEqual([
      ['join', 1],
      ['join', 2],
      ['leave', 1],
    ])
  })
})
