/** What clients send: broadcasts and direct messages (F-1 to F-6). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client } from '../../support/client.ts'
import { IttyClient, freshChannel, joinAll } from '../../support/itty.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer()
  base = server.sockets
})
afterAll(() => server.end())

/** What a client has been sent as messages, errors left out. */
const messagesOf = (client: Client) =>
  client.frames.filter((frame) => frame['type'] === undefined).map((frame) => frame['message'])

describe('broadcasts', () => {
  const values = ['text', '', 0, -1.5, true, false, null, [], [1, [2]], {}, { a: null }, '\u001F']
  const cases = values.map((value) => [JSON.stringify(value), value] as const)

  test.each(cases)('F-1 the real client broadcasts %s to all others', async (_name, value) => {
    const channel = base + freshChannel()
    const readers = [await IttyClient.join(channel), await IttyClient.join(channel)]
    const writer = await IttyClient.join(channel)
    writer.socket.send(value)
    for (const reader of readers) {
      expect((await reader.message(value))['uid']).toBe(writer.uid)
    }
    readers[0]!.socket.send('after')
    await writer.message('after')
    expect(writer.messages).toEqual(['after'])
  })

  test('F-1 with echo the sender gets its own message in the same shape', async () => {
    const [echoing, other] = await joinAll(base + freshChannel(), ['echo=true', ''])
    echoing.sendJson({ n: 1 })
    await other.message({ n: 1 })
    await echoing.message({ n: 1 })
    expect(echoing.raw.at(-1)).toBe(other.raw.at(-1)!)
    expect(echoing.frames.at(-1)).toMatchObject({ uid: echoing.uid })
  })

  test('F-1 a message stays on its channel', async () => {
    const here = await joinAll(base + freshChannel(), ['', ''])
    const there = await Client.join(base + freshChannel())
    here[0].sendJson('here')
    await here[1].message('here')
    there.send('nonsense')
    await there.error()
    expect(messagesOf(there)).toEqual([])
  })
})

describe('direct messages', () => {
  test('F-2 the prefix of 0.6 to 0.9 addresses one member', async () => {
    const channel = base + freshChannel()
    const target = await IttyClient.join(channel)
    const sender = await IttyClient.join(channel, { as: 'Ann' })
    sender.socket.send({ secret: 1 }, target.uid)
    const event = await target.message({ secret: 1 })
    expect(event).toMatchObject({ uid: sender.uid, alias: 'Ann' })
  })

  test('F-2 the @@ prefix before 0.6 is an error and goes to nobody', async () => {
    const [sender, target] = await joinAll(base + freshChannel(), ['', ''])
    sender.send(`@@${target.uid}@@"old"`)
    expect((await sender.error())['code']).toBe('not_json')
    sender.sendJson('after')
    await target.message('after')
    expect(messagesOf(target)).toEqual(['after'])
  })

  test('F-3 a direct message reaches only its target, which need not have announced', async () => {
    const [sender, target, bystander, announced] = await joinAll(base + freshChannel(), [
      'echo=true',
      '',
      '',
      'announce=true',
    ])
    sender.sendDirect(target.uid, 'for you')
    sender.sendJson('for all')
    for (const client of [sender, target, bystander, announced]) await client.message('for all')
    expect(messagesOf(target)).toEqual(['for you', 'for all'])
    for (const client of [sender, bystander, announced]) {
      expect(messagesOf(client)).toEqual(['for all'])
    }
  })

  test('F-3 nothing marks a direct message as private', async () => {
    const [sender, target] = await joinAll(base + freshChannel(), ['as=S', ''])
    sender.sendDirect(target.uid, 'x')
    expect(Object.keys(await target.message('x'))).toEqual(['message', 'uid', 'alias', 'date'])
  })

  test('F-3 somebody on another channel cannot be addressed', async () => {
    const sender = await Client.join(base + freshChannel())
    const elsewhere = await Client.join(base + freshChannel())
    sender.sendDirect(elsewhere.uid, 'x')
    expect((await sender.error())['message']).toContain(elsewhere.uid)
    elsewhere.send('nonsense')
    await elsewhere.error()
    expect(messagesOf(elsewhere)).toEqual([])
  })

  test('F-4 an unknown recipient is named in an error to the sender, and nothing is delivered', async () => {
    const channel = base + freshChannel()
    const sender = await IttyClient.join(channel, { echo: true })
    const other = await IttyClient.join(channel)
    sender.socket.send('lost', 'nobody')
    sender.socket.send('after')
    await other.message('after')
    expect((await sender.error())['message']).toContain('nobody')
    await sender.message('after')
    expect([other.messages, sender.messages]).toEqual([['after'], ['after']])
  })

  test('F-4 the error reads the same for one who left and one who never was', async () => {
    const [sender, leaver] = await joinAll(base + freshChannel(), ['', ''])
    leaver.close()
    await sender.next((frame) => frame['type'] === 'leave')
    sender.sendDirect(leaver.uid, 1)
    const left = await sender.error()
    const other = await Client.join(base + freshChannel())
    other.sendDirect('nobody', 1)
    const never = await other.error()
    expect(String(left['message']).replace(leaver.uid, 'X')).toBe(
      String(never['message']).replace('nobody', 'X'),
    )
    expect(left['code']).toBe('recipient_unknown')
  })

  test.each([
    ['x'.repeat(500), 'x'.repeat(64)],
    ['a"b\\c', 'a"b\\c'],
    ['a\n\u0007\u202Eb', 'a\uFFFD\uFFFD\uFFFDb'],
    [`${'x'.repeat(63)}😀`, `${'x'.repeat(63)}\uFFFD`],
    ['<script>', '<script>'],
  ])('F-4 the recipient %j is echoed cut and printable', async (asked, named) => {
    const sender = await Client.join(base + freshChannel())
    sender.sendDirect(asked, 1)
    expect((await sender.error())['message']).toBe(`no member "${named}" on this channel`)
    sender.close()
  })

  test.each(['', undefined])(
    'F-5 the recipient %j given to the real client makes a broadcast',
    async (recipient) => {
      const channel = base + freshChannel()
      const reader = await IttyClient.join(channel)
      const sender = await IttyClient.join(channel)
      sender.socket.send('to all', recipient)
      expect(await reader.message('to all')).toBeDefined()
    },
  )

  test.each(['\u001F', '\u001F\u001F1', '\u001Fabc', '\u001Fabc"1"'])(
    'F-5 the prefix %j is malformed and answered with an error',
    async (frame) => {
      const [sender, other] = await joinAll(base + freshChannel(), ['', ''])
      sender.send(frame)
      expect((await sender.error())['code']).toBe('recipient_malformed')
      sender.sendJson('after')
      await other.message('after')
      expect(messagesOf(other)).toEqual(['after'])
    },
  )

  test.each(['', 'echo=true'])(
    'F-6 a direct message to oneself arrives once (%j)',
    async (query) => {
      const client = await Client.join(`${base}${freshChannel()}?${query}`)
      client.sendDirect(client.uid, 'me')
      client.sendDirect(client.uid, 'end')
      await client.message('end')
      expect(messagesOf(client)).toEqual(['me', 'end'])
    },
  )

  test('F-6 echo gives the sender no copy of a direct message', async () => {
    const [sender, target] = await joinAll(base + freshChannel(), ['echo=true', ''])
    sender.sendDirect(target.uid, 'private')
    await target.message('private')
    sender.sendJson('after')
    await sender.message('after')
    expect(messagesOf(sender)).toEqual(['after'])
  })

  test('F-6 direct messages and broadcasts of one sender keep their order', async () => {
    const [sender, target] = await joinAll(base + freshChannel(), ['', ''])
    for (let i = 0; i < 50; i++) {
      if (i % 3 === 0) sender.sendDirect(target.uid, i)
      else sender.sendJson(i)
    }
    await target.message(49)
    expect(messagesOf(target)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })
})
