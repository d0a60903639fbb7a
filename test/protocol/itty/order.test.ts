/** Order on a channel, liveness, and how connections end (O-1 to O-8). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, type Frame, eventually } from '../../support/client.ts'
import { IttyClient, freshChannel, joinAll, metric, reserve } from '../../support/itty.ts'
import { OPCODE, rawFrame } from '../../support/raw-frame.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let base: string
let watched: TestServer
/** Detecting a silent client takes seconds, so it connects at the start of the file. */
let idle: Promise<{ silent: RawSocket; alive: Client[] }>

beforeAll(async () => {
  server = await startTestServer()
  base = server.sockets
  watched = await startTestServer({ 'idle-timeout': '8' })
  idle = joinSilently()
})
afterAll(async () => {
  await watched.end()
  await server.end()
})

describe('order', () => {
  test('O-1 the own join comes before everything else, even an echo of what was queued', async () => {
    const channel = base + freshChannel()
    const busy = await Client.join(channel)
    const clients = Array.from({ length: 10 }, () => new IttyClient(channel, { echo: true }))
    for (const client of clients) client.socket.send('queued')
    for (let i = 0; i < 50; i++) busy.sendJson(i)
    for (const client of clients) {
      await client.message('queued')
      expect(client.events[0]).toMatchObject({ type: 'join', self: true })
    }
  })

  test('O-2 all members see one sequence, with joins before and leaves after messages', async () => {
    const channel = base + freshChannel()
    const [a, b] = await joinAll(channel, ['', ''])
    const passing = Array.from({ length: 30 }, (_, i) => {
      const client = new IttyClient(channel, { announce: true, as: `${i}` })
      client.socket.push({ from: `${i}` })
      return client
    })
    for (const watcher of [a, b]) {
      await eventually(
        () => watcher.frames.filter((frame) => frame['type'] === 'leave').length === 30,
        'all have come and gone',
      )
    }
    expect(a.raw.slice(2)).toEqual(b.raw.slice(1))
    expect(passing).toHaveLength(30)
    for (let i = 0; i < 30; i++) expect(lifeOf(a.frames, `${i}`)).toEqual(['join', '', 'leave'])
    expect(totalsAddUp(a.frames)).toBe(true)
  })

  test('O-3 a refused client comes back only when it is called, and with its queue', async () => {
    await reserve(server, 'closed', { joinKey: 'k' })
    const client = new IttyClient(`${base}closed`)
    client.socket.send('kept')
    await eventually(() => client.closes === 1, 'the client is told of the close')
    // The documented way to reconnect opens every second.
    client.socket.open()
    await eventually(() => client.closes === 2, 'it is refused again')
    const reader = await Client.join(`${base}closed?joinKey=k`)
    server.change('closed', { joinKey: null })
    await eventually(() => {
      if (client.opens === 0) client.socket.open()
      return client.opens === 1
    }, 'it gets in')
    await reader.message('kept')
  })
})

/** Types of the frames that concern one alias; a message has none. */
function lifeOf(frames: readonly Frame[], alias: string): string[] {
  return frames
    .filter((frame) => frame['alias'] === alias)
    .map((frame) => String(frame['type'] ?? ''))
}

/** Whether each join counts one more than the frame before it and each leave one less. */
function totalsAddUp(frames: readonly Frame[]): boolean {
  const counted = frames.filter((frame) => frame['total'] !== undefined)
  return counted.every((frame, i) => {
    const before = i === 0 ? 0 : Number(counted[i - 1]!['total'])
    return frame['total'] === before + (frame['type'] === 'join' ? 1 : -1)
  })
}

describe('endings', () => {
  test('O-5 a forced close comes after an error event that says why', async () => {
    const stopping = await startTestServer()
    const big = await Client.join(`${stopping.sockets}big`)
    big.sendJson('x'.repeat(102_400))
    expect(await big.closing()).toMatchObject({ code: 1009 })
    expect(big.frames.at(-1)).toMatchObject({ type: 'error', code: 'message_too_large' })

    const barred = await Client.join(`${stopping.sockets}barred`)
    stopping.reserve('barred', { joinKey: 'k' })
    expect(await barred.closing()).toMatchObject({ code: 1008 })
    expect(barred.frames.at(-1)).toMatchObject({ type: 'error', code: 'access_changed' })

    const last = await Client.join(`${stopping.sockets}last`)
    await stopping.end()
    expect(await last.closing()).toMatchObject({ code: 1012 })
    expect(last.frames.at(-1)).toMatchObject({ type: 'error', code: 'restarting' })
  })

  test('O-6 a reader that stops reading is closed, and never stalls its channel', async () => {
    const small = await startTestServer({ 'max-backlog-bytes': '65536' })
    const url = `${small.sockets}flood`
    const stalled = await RawSocket.open(url)
    await stalled.nextText('"self":true')
    const reader = await Client.join(url)
    const writer = await Client.join(url)
    stalled.pause()
    const text = 'x'.repeat(100_000)
    let sent = 0
    await eventually(
      async () => {
        // The kernel takes a few megabytes before the backlog of the server grows.
        for (let i = 0; i < 10; i++) writer.sendJson(`${sent++}${text}`)
        await reader.until(() => (messages(reader) === sent ? true : undefined))
        return (await metric(small, 'latchkey_closes_total{reason="slow_reader"}')) === 1
      },
      'the slow reader is closed',
      15_000,
    )
    await reader.next((frame) => frame['type'] === 'leave')
    stalled.resume()
    await eventually(() => stalled.isClosed, 'the slow reader learns of it')
    expect(reader.closed).toBeUndefined()
    await small.end()
  })

  test('O-6 a backlog of direct messages is bounded too', async () => {
    const small = await startTestServer({ 'max-backlog-bytes': '65536' })
    const url = `${small.sockets}flood`
    const stalled = await RawSocket.open(url)
    const uid = /"uid":"(\w{6})"/.exec(await stalled.nextText('"self":true'))![1]!
    const writer = await Client.join(url)
    stalled.pause()
    const text = 'x'.repeat(100_000)
    await eventually(
      async () => {
        for (let i = 0; i < 10; i++) writer.sendDirect(uid, text)
        writer.sendDirect(writer.uid, 'done')
        await writer.message('done')
        return writer.frames.some((frame) => frame['type'] === 'leave')
      },
      'the slow reader is closed',
      15_000,
    )
    expect(await metric(small, 'latchkey_closes_total{reason="slow_reader"}')).toBe(1)
    stalled.destroy()
    await small.end()
  })

  test('O-6 a backlog of errors is bounded too', async () => {
    const small = await startTestServer({ 'max-backlog-bytes': '65536' })
    const deaf = await RawSocket.open(`${small.sockets}deaf`)
    const nonsense = Buffer.concat(
      Array.from({ length: 1000 }, () => rawFrame({ opcode: OPCODE.text, payload: '{' })),
    )
    deaf.pause()
    await eventually(
      async () => {
        deaf.write(nonsense)
        return (await metric(small, 'latchkey_connections')) === 0
      },
      'who does not read is closed',
      15_000,
    )
    expect(await metric(small, 'latchkey_closes_total{reason="slow_reader"}')).toBe(1)
    deaf.destroy()
    await small.end()
  })

  test('O-7 nothing is replayed: a newcomer gets what is sent after its join', async () => {
    const channel = base + freshChannel()
    const [a, b] = await joinAll(channel, ['', ''])
    a.sendJson('before')
    await b.message('before')
    const late = await Client.join(channel)
    a.sendJson('after')
    await late.message('after')
    expect(late.frames.map((frame) => frame['message'])).toEqual([undefined, 'after'])
  })

  test('O-8 the worked example, frame by frame', async () => {
    const [a, b, c] = await joinAll(base + freshChannel(), [
      '',
      'as=Bo&announce=true&list=true',
      'echo=true',
    ])
    c.sendJson('all')
    await Promise.all([a, b, c].map((client) => client.message('all')))
    a.sendDirect(b.uid, 'you')
    await b.message('you')
    a.sendDirect('zz', 'who')
    await a.error()
    b.close()
    for (const client of [a, c]) await client.next((frame) => frame['type'] === 'leave')
    c.close()
    await a.next((frame) => frame['type'] === 'leave' && frame['total'] === 1)

    const bo = { uid: b.uid, alias: 'Bo' }
    const fromC = { message: 'all', uid: c.uid }
    const seen = (client: Client) => client.frames.map(({ date: _, ...frame }) => frame)
    expect(seen(a)).toEqual([
      { type: 'join', self: true, uid: a.uid, total: 1 },
      { type: 'join', ...bo, total: 2 },
      { type: 'join', total: 3 },
      fromC,
      {
        type: 'error',
        message: expect.stringContaining('zz') as string,
        code: 'recipient_unknown',
      },
      { type: 'leave', ...bo, total: 2 },
      { type: 'leave', total: 1 },
    ])
    expect(seen(b)).toEqual([
      { type: 'join', self: true, ...bo, users: [{ ...bo, self: true }], total: 2 },
      { type: 'join', total: 3 },
      fromC,
      { message: 'you', uid: a.uid },
    ])
    expect(seen(c)).toEqual([
      { type: 'join', self: true, uid: c.uid, total: 3 },
      fromC,
      { type: 'leave', ...bo, total: 2 },
    ])
  })

  test('O-4 idle sockets are pinged below JSON, and closed if they do not answer', async () => {
    const { silent, alive } = await idle
    const closes = () => metric(watched, 'latchkey_closes_total{reason="idle"}')
    await silent.next((frame) => frame.opcode === OPCODE.ping, 12_000)
    await eventually(() => silent.isClosed, 'who does not answer is closed', 15_000)
    expect(await closes()).toBe(1)
    expect(silent.texts).toHaveLength(1)
    for (const client of alive) {
      client.send('nonsense')
      await client.error()
      expect(client.frames).toHaveLength(2)
    }
  }, 30_000)
})

/** One that answers no ping, after some that do: they come at every phase of the 4 s in which Bun looks at its timers. */
async function joinSilently(): Promise<{ silent: RawSocket; alive: Client[] }> {
  const alive: Client[] = []
  for (let i = 0; i < 12; i++) {
    alive.push(await Client.join(`${watched.sockets}alive-${i}`))
    await Bun.sleep(350)
  }
  return { silent: await RawSocket.open(`${watched.sockets}silent`), alive }
}

function messages(client: Client): number {
  return client.frames.reduce((n, frame) => n + ('message' in frame ? 1 : 0), 0)
}
