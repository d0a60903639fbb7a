/** What the server sends: the exact shapes of frames, and who is told what (E-1 to E-9). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client } from '../../support/client.ts'
import { IttyClient, freshChannel, joinAll } from '../../support/itty.ts'
import { OPCODE } from '../../support/raw-frame.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'
import { startTimedServer } from '../../support/timed-server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer()
  base = server.sockets
})
afterAll(() => server.end())

/** A frame's text with varying parts replaced. */
function plain(raw: string | undefined, names: Record<string, string> = {}): string {
  let text = (raw ?? 'nothing').replace(/"date":\d{13}\b/g, '"date":0')
  for (const [name, uid] of Object.entries(names)) text = text.replaceAll(uid, name)
  return text
}

describe('frames from the server', () => {
  test('E-1 every frame is one text frame with one JSON object', async () => {
    const channel = base + freshChannel()
    const raw = await RawSocket.open(`${channel}?echo=true&list=true&announce=true`)
    const other = await Client.join(channel)
    for (const value of ['null', '1', '"x"', '[1,2]', '[]', '{"a":1}', 'true', 'nonsense']) {
      raw.text(value)
    }
    raw.frame({ opcode: OPCODE.binary, payload: new Uint8Array([1]) })
    raw.text(`\u001F${other.uid}\u001F1`)
    raw.text('\u001Fnobody\u001F1')
    other.close()
    await raw.nextText('"leave"')
    await raw.nextText('nobody')
    expect(raw.frames.length).toBeGreaterThanOrEqual(13)
    for (const { fin, opcode, payload } of raw.frames) {
      expect({ fin, opcode }).toEqual({ fin: true, opcode: OPCODE.text })
      const value = JSON.parse(payload.toString()) as unknown
      expect(value !== null && typeof value === 'object' && !Array.isArray(value)).toBe(true)
    }
    raw.destroy()
  })

  test('E-2 the joins have exactly the documented keys', async () => {
    const [a, b, c] = await joinAll(base + freshChannel(), [
      '',
      'as=Bo&announce=true&list=true',
      'as=Cy&list=1&announce=1',
    ])
    const names = { A: a.uid, B: b.uid, C: c.uid }
    expect(plain(a.raw[0], names)).toBe('{"type":"join","self":true,"uid":"A","total":1,"date":0}')
    expect(plain(b.raw[0], names)).toBe(
      '{"type":"join","self":true,"uid":"B","alias":"Bo",' +
        '"users":[{"uid":"B","alias":"Bo","self":true}],"total":2,"date":0}',
    )
    expect(plain(c.raw[0], names)).toBe(
      '{"type":"join","self":true,"uid":"C","alias":"Cy","users":[{"uid":"B","alias":"Bo"},' +
        '{"uid":"C","alias":"Cy","self":true}],"total":3,"date":0}',
    )
    expect(plain(a.raw[1], names)).toBe('{"type":"join","uid":"B","alias":"Bo","total":2,"date":0}')
  })

  test('E-2 messages, leaves and errors have exactly the documented keys', async () => {
    const [a, b, c, d] = await joinAll(base + freshChannel(), [
      '',
      'as=Bo&announce=true',
      'announce=true',
      '',
    ])
    const names = { A: a.uid, B: b.uid, C: c.uid, D: d.uid }
    a.sendJson({ x: 1 })
    b.sendJson('two')
    await a.message('two')
    a.send('nonsense')
    for (const [i, leaver] of [b, c, d].entries()) {
      leaver.close()
      await a.next((frame) => frame['type'] === 'leave' && frame['total'] === 3 - i)
    }
    expect(a.raw.slice(4).map((raw) => plain(raw, names))).toEqual([
      '{"message":"two","uid":"B","alias":"Bo","date":0}',
      '{"type":"error","message":"the message is not valid JSON","code":"not_json","date":0}',
      '{"type":"leave","uid":"B","alias":"Bo","total":3,"date":0}',
      '{"type":"leave","uid":"C","total":2,"date":0}',
      '{"type":"leave","total":1,"date":0}',
    ])
    expect(plain(d.raw[1], names)).toBe('{"message":{"x":1},"uid":"A","date":0}')
  })

  test('E-3 a message carries no type, so the payload can route itself', async () => {
    const channel = base + freshChannel()
    const reader = await IttyClient.join(channel)
    const chats: unknown[] = []
    const plainMessages: unknown[] = []
    reader.socket.on('chat', (event: object) => chats.push(event))
    reader.socket.on('message', (event) => plainMessages.push(event.message))
    const writer = await IttyClient.join(channel)
    writer.socket.send({ type: 'chat', text: 'hi' })
    writer.socket.send('last')
    await reader.message('last')
    expect(chats).toMatchObject([{ text: 'hi', uid: writer.uid }])
    expect(plainMessages).toEqual([{ type: 'chat', text: 'hi' }, 'last'])
  })

  test('E-4 only uid, alias, date and message can hide a property of the payload', async () => {
    const channel = base + freshChannel()
    const reader = await IttyClient.join(channel)
    const writer = await IttyClient.join(channel, { as: 'Real' })
    const payload = { id: 7, uid: 'x', alias: 'y', date: 1, total: 9, self: 'no', code: 'c' }
    writer.socket.send(payload)
    const event = await reader.message(payload)
    expect(event).toMatchObject({ id: 7, total: 9, self: 'no', code: 'c' })
    expect(event).toMatchObject({ uid: writer.uid, alias: 'Real', message: payload })
    expect(event['date']).toBeGreaterThan(1)
  })

  test('E-5 every event has the time of the server in milliseconds', async () => {
    const timed = await startTimedServer({})
    const { clock } = timed
    const start = clock.now()
    const a = await Client.join(`${timed.sockets}x?echo=true`)
    clock.advance(1000)
    const b = await Client.join(`${timed.sockets}x`)
    clock.advance(1)
    a.sendJson('m')
    await a.message('m')
    clock.advance(30)
    a.send('nonsense')
    await a.error()
    clock.advance(400)
    b.close()
    await a.next((frame) => frame['type'] === 'leave')
    const dates = a.frames.map((frame) => Number(frame['date']) - start)
    expect(dates).toEqual([0, 1000, 1001, 1031, 1431])
    await timed.end()
  })

  test('E-6 a uid has six letters or digits, is unique and new at each connection', async () => {
    const channel = base + freshChannel()
    const clients = await Promise.all(Array.from({ length: 100 }, () => Client.join(channel)))
    const uids = new Set(clients.map((client) => client.uid))
    expect(uids.size).toBe(100)
    for (const uid of uids) expect(uid).toMatch(/^[A-Za-z0-9]{6}$/)
    for (const client of clients) client.close()
    expect(uids.has((await Client.join(channel)).uid)).toBe(false)
  })

  test('E-6 a uid that is taken on the channel is drawn again', async () => {
    // Six bytes make a uid: the second is like the first, only the third differs.
    const pattern = (bytes: Uint8Array) => bytes.fill(0).fill(1, 12)
    const timed = await startTimedServer({}, pattern)
    const first = await Client.join(`${timed.sockets}x`)
    const second = await Client.join(`${timed.sockets}x`)
    expect([first.uid, second.uid]).toEqual(['AAAAAA', 'BBBBBB'])
    await timed.end()
  })

  test('E-7 messages carry the alias of a sender that has one, announced or not', async () => {
    const [reader, plainly, quiet, loud] = await joinAll(base + freshChannel(), [
      '',
      '',
      'as=Q',
      'as=L&announce=true',
    ])
    for (const sender of [plainly, quiet, loud]) sender.sendJson(sender.uid)
    for (const sender of [plainly, quiet, loud]) await reader.message(sender.uid)
    const aliases = [plainly, quiet, loud].map(({ uid }) =>
      reader.frames.find((frame) => frame['message'] === uid)!,
    )
    expect(aliases.map((frame) => frame['alias'])).toEqual([undefined, 'Q', 'L'])
    expect('alias' in aliases[0]!).toBe(false)
  })

  test('E-7 without an alias of its own a sender can show the one in its payload', async () => {
    const channel = base + freshChannel()
    const reader = await IttyClient.join(channel)
    const writer = await IttyClient.join(channel)
    writer.socket.send({ alias: 'self-styled' })
    expect((await reader.message({ alias: 'self-styled' }))['alias']).toBe('self-styled')
  })

  test('E-8 the own join is for the joiner alone, announced or not', async () => {
    const [a, b, c] = await joinAll(base + freshChannel(), ['', 'as=B&announce=true', 'as=C'])
    expect(b.frames[0]).toMatchObject({ self: true, uid: b.uid, alias: 'B' })
    expect(c.frames[0]).toMatchObject({ self: true, uid: c.uid, alias: 'C' })
    for (const client of [a, b, c]) {
      expect(client.frames.map((frame) => 'self' in frame)).toEqual(
        client.frames.map((_frame, i) => i === 0),
      )
    }
  })

  test('E-9 others learn who joined or left only if that one announced itself', async () => {
    const [watcher, hidden, shown] = await joinAll(base + freshChannel(), [
      '',
      'as=H',
      'as=S&announce=true',
    ])
    hidden.close()
    await watcher.next((frame) => frame['type'] === 'leave')
    const { uid } = shown
    shown.close()
    await watcher.next((frame) => frame['type'] === 'leave' && frame['total'] === 1)
    const who = watcher.frames.slice(1).map(({ date: _, ...rest }) => rest)
    expect(who).toEqual([
      { type: 'join', total: 2 },
      { type: 'join', uid, alias: 'S', total: 3 },
      { type: 'leave', total: 2 },
      { type: 'leave', uid, alias: 'S', total: 1 },
    ])
  })

  test('E-9 a leaver gets no event of its own leave', async () => {
    const channel = base + freshChannel()
    const watcher = await Client.join(channel)
    const leaver = await RawSocket.open(channel)
    await leaver.nextText('"self":true')
    leaver.frame({ opcode: OPCODE.close })
    await watcher.next((frame) => frame['type'] === 'leave')
    await leaver.next((frame) => frame.opcode === OPCODE.close)
    expect(leaver.texts).toHaveLength(1)
  })
})
