/** How streams stay open, and how they end: with their credentials, with a reader that is too slow, with the server. */
import { afterEach, describe, expect, test } from 'bun:test'
import net from 'node:net'
import { AblyApp, type ErrorBody } from '../../../support/ably-app.ts'
import { eventually } from '../../../support/client.ts'
import { EventReader } from '../../../support/event-reader.ts'
import { basic, deleteApp } from '../../../support/sandbox-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'
import { type TimedServer, startTimedServer } from '../../../support/timed-server.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function timed(): Promise<{ server: TimedServer; app: AblyApp }> {
  const server = await startTimedServer({ sandbox: 'true' })
  ends.push(() => server.end())
  return { server, app: await AblyApp.make(server.url) }
}

async function started(flags: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer({ sandbox: 'true', ...flags })
  ends.push(() => server.end())
  return server
}

const listenWith = (url: string, credential: string, query = '', path = '/sse') =>
  EventReader.open(
    `${url}${path}?channels=a&v=1.2&${credential.includes(':') ? 'key' : 'accessToken'}=${encodeURIComponent(credential)}${query}`,
  )

/** Waits for the end and returns its error. */
async function endOf(reader: EventReader): Promise<unknown[]> {
  const { event, data } = await reader.next(0, (one) => one.event === 'error')
  const { code, statusCode } = JSON.parse(data) as ErrorBody['error']
  await reader.over()
  return [event, code, statusCode]
}

test('a keepalive is sent every 15 seconds, in the client’s form', async () => {
  const { app, server } = await timed()
  const key = app.keys[0]!
  const [comments, heartbeats, emptyLines, lines] = await Promise.all([
    listenWith(server.url, key),
    listenWith(server.url, key, '&heartbeats=true'),
    listenWith(server.url, key, '', '/event-stream'),
    listenWith(server.url, key, '&heartbeats=true', '/event-stream'),
  ])
  server.clock.advance(15_000)
  // The first is what every stream begins with.
  for (const reader of [heartbeats, lines])
    expect((await reader.count(2)).map(({ event }) => event)).toEqual(['heartbeat', 'heartbeat'])
  await eventually(async () => comments.comments.length === 2, 'a comment')
  await eventually(async () => emptyLines.comments.length === 2, 'an empty line')
  expect(comments.comments).toEqual(['keepalive', 'keepalive'])
  for (const reader of [comments, emptyLines]) expect(reader.events).toEqual([])
})

describe('a stream ends', () => {
  test('with its token', async () => {
    const { app, server } = await timed()
    const reader = await listenWith(server.url, await app.token({ ttl: 60_000 }))
    server.clock.advance(59_000)
    await app.ask('/channels/a/messages', { body: { data: 'still' } })
    expect((await reader.next()).event).toBe('message')
    server.clock.advance(1000)
    expect(await endOf(reader)).toEqual(['error', 40142, 401])
  })

  test('with the revocation of its token, and others go on', async () => {
    const { app, server } = await timed()
    const [ann, bob] = [await app.token({ clientId: 'ann' }), await app.token({ clientId: 'bob' })]
    const [one, two] = [await listenWith(server.url, ann), await listenWith(server.url, bob)]
    server.clock.advance(1000)
    await app.client().auth.revokeTokens([{ type: 'clientId', value: 'ann' }])
    expect(await endOf(one)).toEqual(['error', 40141, 401])
    await app.ask('/channels/a/messages', { body: { data: 'x' } })
    expect((await two.next()).event).toBe('message')
    two.leave()
  })

  test('when the margin of a revocation is over', async () => {
    const { app, server } = await timed()
    const reader = await listenWith(server.url, await app.token({ clientId: 'ann' }))
    server.clock.advance(1000)
    await app
      .client()
      .auth.revokeTokens([{ type: 'clientId', value: 'ann' }], { allowReauthMargin: true })
    server.clock.advance(29_000)
    await app.ask('/channels/a/messages', { body: { data: 'x' } })
    expect((await reader.next()).event).toBe('message')
    server.clock.advance(10_000)
    expect(await endOf(reader)).toEqual(['error', 40141, 401])
  })

  test('with its key', async () => {
    const server = await started()
    const key = server.addKey()
    const listening = () => listenWith(server.url, key).catch(() => undefined)
    await eventually(async () => (await listening())?.isOver === false, 'the key is known')
    const reader = await listenWith(server.url, key)
    server.revokeKey(key)
    expect(await endOf(reader)).toEqual(['error', 40131, 401])
  })

  test('with its app', async () => {
    const { app, server } = await timed()
    const reader = await listenWith(server.url, app.keys[0]!)
    expect((await deleteApp(server.url, app.id, basic(app.keys[0]!))).status).toBe(204)
    const [event, code, status] = await endOf(reader)
    expect([event, status]).toEqual(['error', 401])
    expect(code).toBeWithin(40100, 40200)
  })

  test('with the server, at once', async () => {
    const server = await startTestServer({ sandbox: 'true' })
    const app = await AblyApp.make(server.url)
    const reader = await listenWith(server.url, app.keys[0]!)
    await server.end()
    await reader.over()
    expect(reader.events).toEqual([])
  })
})

test('streams count as connections in the limits', async () => {
  const server = await started({ 'max-address-connections': '2' })
  const app = await AblyApp.make(server.url)
  const readers = [1, 2].map(() => listenWith(server.url, app.keys[0]!))
  const [first] = await Promise.all(readers)
  const path = `/sse?channels=a&v=1.2`
  const { status } = await app.ask(path)
  expect(status).toBe(429)
  first!.leave()
  await eventually(async () => {
    const reader = await listenWith(server.url, app.keys[0]!).catch(() => undefined)
    reader?.leave()
    return reader !== undefined
  }, 'there is room again')
})

test('a HEAD request leaves no stream behind', async () => {
  const server = await started({ 'max-address-connections': '1' })
  const app = await AblyApp.make(server.url)
  const { status, headers } = await app.ask('/sse?channels=a&v=1.2', { method: 'HEAD' })
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const reader = await listenWith(server.url, app.keys[0]!)
  reader.leave()
})

test('a reader that is too slow is cut off and can resume without loss', async () => {
  const server = await started({ 'max-backlog-bytes': '65536' })
  const app = await AblyApp.make(server.url)
  let sent = 0
  const socket = net.connect(server.port, '127.0.0.1')
  const text = await new Promise<string>((resolve) => {
    const parts: Buffer[] = []
    socket.write(
      `GET /sse?channels=a&v=1.2&key=${encodeURIComponent(app.keys[0]!)} HTTP/1.1\r\nhost: x\r\n\r\n`,
    )
    socket.once('data', () => {
      // From here on nothing is read until the server has hung up.
      socket.pause()
      void flood().then(() => {
        socket.on('data', (data: Buffer) => parts.push(data))
        socket.on('close', () => resolve(Buffer.concat(parts).toString()))
        socket.resume()
      })
    })
  })
  expect(sent).toBeGreaterThan(10)
  const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id!)
  const reader = await EventReader.open(
    `${server.url}/sse?channels=a&v=1.2&key=${encodeURIComponent(app.keys[0]!)}`,
    { 'last-event-id': ids.at(-2)! },
  )
  await app.ask('/channels/a/messages', { body: { name: 'end' } })
  await reader.next(0, ({ data }) => data.includes('"name":"end"'))
  const numbers = reader.events.map(({ data }) => (JSON.parse(data) as { name: string }).name)
  // The last of its ids may have been cut off with its event.
  expect(numbers.slice(0, -1)).toEqual(
    Array.from({ length: sent - ids.length + 1 }, (_, i) => String(ids.length - 1 + i)),
  )
  reader.leave()

  async function flood(): Promise<void> {
    const padding = 'x'.repeat(60_000)
    const listeners = async () =>
      (
        await app.ask<{ status: { occupancy: { metrics: { connections: number } } } }>(
          '/channels/a',
        )
      ).body.status.occupancy.metrics.connections
    while ((await listeners()) > 0) {
      const body = { name: String(sent++), data: padding }
      await app.ask('/channels/a/messages', { body })
    }
  }
})
