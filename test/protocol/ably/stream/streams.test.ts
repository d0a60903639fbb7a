/** Listening over HTTP: the forms of events, going on after a loss, and refusals. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Ably from 'ably'
import { AblyApp, type ErrorBody } from '../../../support/ably-app.ts'
import { eventually } from '../../../support/client.ts'
import { EventReader, type ReadEvent } from '../../../support/event-reader.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp
let counter = 0

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'history-messages': '50' })
  app = await AblyApp.make(
    server.url,
    [{ open: ['subscribe'], closed: ['publish'] }],
    [
      { id: 'named', authenticated: true },
      { id: 'slow', batchingEnabled: true, batchingInterval: 200 },
      { id: 'mutable', mutableMessages: true },
    ],
  )
})
afterAll(() => server.end())

const fresh = (prefix = 'stream-'): string => `${prefix}${counter++}`

function addressOf(channels: string, query = '', path = '/sse'): string {
  const key = encodeURIComponent(app.keys[0]!)
  return `${server.url}${path}?channels=${encodeURIComponent(channels)}&v=1.2&key=${key}${query}`
}

const listen = (channels: string, query = '', headers: Record<string, string> = {}) =>
  EventReader.open(addressOf(channels, query), headers)

const publish = (channel: string, body: unknown, binary = false) =>
  app.ask(`/channels/${encodeURIComponent(channel)}/messages`, { body, binary })

/** The data of the messages in events with an envelope. */
const dataOf = (events: readonly ReadEvent[]) =>
  events.map(({ data }) => (JSON.parse(data) as { data: unknown }).data)

describe('an event', () => {
  test('is a message with its channel, and data as JSON', async () => {
    const channel = fresh('stream:ü ')
    const reader = await listen(channel)
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream')
    await publish(channel, { name: 'n', data: 'two\nlines', extras: { headers: { a: 1 } } })
    await publish(channel, { data: { b: 1 } })
    await publish(channel, { data: new Uint8Array([1, 2]) }, true)
    const events = await reader.count(3)
    expect(events.map(({ event }) => event)).toEqual(['message', 'message', 'message'])
    expect(events.map(({ data }) => JSON.parse(data) as unknown)).toMatchObject([
      { channel, name: 'n', data: 'two\nlines', extras: { headers: { a: 1 } }, action: 0 },
      { channel, data: '{"b":1}', encoding: 'json' },
      { channel, data: 'AQI=', encoding: 'base64' },
    ])
    expect(events.map(({ id }) => id).toSorted()).toEqual(events.map(({ id }) => id))
    reader.leave()
  })

  test('is the data alone if asked for', async () => {
    const channel = fresh()
    const reader = await listen(channel, '&enveloped=false')
    await publish(channel, [{ data: 'two\nlines' }, { data: { b: 1 } }, { name: 'no data' }])
    expect((await reader.count(3)).map(({ data }) => data)).toEqual(['two\nlines', '{"b":1}', ''])
    reader.leave()
  })

  test('can be a presence message', async () => {
    const channel = fresh()
    const reader = await listen(channel)
    const client = new Ably.Realtime({
      key: app.keys[0]!,
      clientId: 'ann',
      endpoint: '127.0.0.1',
      port: server.port,
      tls: false,
      logLevel: 0,
    })
    await client.channels.get(channel).presence.enter('here')
    const event = await reader.next()
    expect(event.event).toBe('presence')
    expect(JSON.parse(event.data)).toMatchObject({
      channel,
      clientId: 'ann',
      action: 2,
      data: 'here',
    })
    client.close()
    const gone = await reader.next(1)
    expect(JSON.parse(gone.data)).toMatchObject({ clientId: 'ann', action: 3 })
    reader.leave()
  })

  test('can be a change of a message, with the fragment of an append', async () => {
    const channel = fresh('mutable:')
    const reader = await listen(channel)
    const { body } = await app.ask<{ serials: string[] }>(`/channels/${channel}/messages`, {
      body: { data: 'a' },
    })
    const serial = body.serials[0]!
    const path = `/channels/${channel}/messages/${serial}`
    await app.ask(path, { method: 'PATCH', body: { action: 5, data: 'b' } })
    const late = await listen(channel)
    await app.ask(path, { method: 'PATCH', body: { action: 5, data: 'c' } })
    await app.ask(path, { method: 'PATCH', body: { action: 2 } })
    expect((await reader.count(4)).map(({ data }) => JSON.parse(data) as unknown)).toMatchObject([
      { action: 0, data: 'a', serial },
      { action: 5, data: 'b', serial },
      { action: 5, data: 'c', serial },
      { action: 2, data: 'abc', serial },
    ])
    // A reader without the beginning gets the whole message.
    expect(JSON.parse((await late.next()).data)).toMatchObject({ data: 'abc' })
    reader.leave()
    late.leave()
  })

  test('is a line of JSON at /event-stream, unless the client accepts events', async () => {
    const channel = fresh()
    const address = addressOf(channel, '', '/event-stream')
    const lines = await EventReader.open(address)
    const events = await EventReader.open(address, { accept: 'text/event-stream' })
    expect(lines.response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(events.response.headers.get('content-type')).toBe('text/event-stream')
    await publish(channel, { name: 'n', data: 'x' })
    expect(await lines.next()).toEqual(await events.next())
    lines.leave()
    events.leave()
  })

  test('matches the filter in the channel name', async () => {
    const channel = fresh()
    const filter = Buffer.from('headers.n > `1`').toString('base64')
    const reader = await listen(`[filter=${filter}]${channel}`)
    for (const n of [1, 2, 0, 3])
      await publish(channel, { data: `${n}`, extras: { headers: { n } } })
    expect(dataOf(await reader.count(2))).toEqual(['2', '3'])
    reader.leave()
  })
})

describe('resuming', () => {
  test('continues after an event', async () => {
    const channel = fresh()
    const first = await listen(channel)
    await publish(channel, { data: '0' })
    const { id } = await first.next()
    first.leave()
    await publish(channel, { data: '1' })
    const second = await listen(channel, `&lastEvent=${encodeURIComponent(id)}`)
    await publish(channel, { data: '2' })
    expect(dataOf(await second.count(2))).toEqual(['1', '2'])
    second.leave()
    const third = await listen(channel, `&lastEvent=${encodeURIComponent(id)}`, {
      'last-event-id': second.events[0]!.id,
    })
    expect(dataOf(await third.count(1))).toEqual(['2'])
    third.leave()
  })

  test('continues in the middle of a batch', async () => {
    const channel = fresh()
    const reader = await listen(channel)
    await publish(channel, [{ data: '0' }, { data: '1' }, { data: '2' }])
    await publish(channel, { data: '3' })
    const events = await reader.count(4)
    reader.leave()
    for (const [index, { id }] of events.entries()) {
      const again = await listen(channel, '', { 'last-event-id': id })
      await publish(channel, { data: 'end', extras: { ephemeral: true } })
      const last = await again.next(0, ({ data }) => data.includes('"end"'))
      expect(dataOf(again.events.slice(0, -1))).toEqual(['1', '2', '3'].slice(index))
      expect(last).toBe(again.events.at(-1)!)
      again.leave()
    }
  })

  test('continues on several channels with one id', async () => {
    const channels = [fresh(), fresh()]
    const reader = await listen(channels.join(','))
    await publish(channels[0]!, { data: 'a' })
    await publish(channels[1]!, { data: 'b' })
    await publish(channels[0]!, { data: 'c' })
    const events = await reader.count(3)
    reader.leave()
    const again = await listen(channels.join(','), '', { 'last-event-id': events[0]!.id })
    expect(dataOf(await again.count(2))).toEqual(['b', 'c'])
    again.leave()
  })

  test('continues on a batched channel without loss', async () => {
    const [slow, fast] = [fresh('slow:'), fresh()]
    const reader = await listen(`${slow},${fast}`)
    await publish(slow, { data: 'waits' })
    await publish(fast, { data: 'overtakes' })
    const { id, data } = await reader.next()
    expect(JSON.parse(data)).toMatchObject({ data: 'overtakes' })
    reader.leave()
    const again = await listen(`${slow},${fast}`, '', { 'last-event-id': id })
    expect(dataOf(await again.count(1))).toEqual(['waits'])
    again.leave()
  })

  const lost: readonly [string, string][] = [
    ['an id that is none', 'whatever'],
    ['an id of long ago', '01710000000000-000@abc'],
    ['an id of a server whose clock is ahead', '09999999999999-000@abc'],
  ]
  test.each(lost)(
    'after %s is reported as impossible, and continues from now',
    async (_what, id) => {
      const channel = fresh()
      await publish(channel, { data: 'before' })
      const reader = await listen(channel, '', { 'last-event-id': id })
      const event = await reader.next()
      expect(event.event).toBe('error')
      expect(JSON.parse(event.data)).toMatchObject({
        code: 90003,
        message: expect.any(String),
        href: `${server.url}/errors/90003`,
      })
      await publish(channel, { data: 'after' })
      expect(dataOf([await reader.next(1)])).toEqual(['after'])
      reader.leave()
      // The next time it has a valid id.
      const again = await listen(channel, '', { 'last-event-id': event.id })
      expect(dataOf(await again.count(1))).toEqual(['after'])
      again.leave()
    },
  )

  test('after more than is remembered is reported as impossible', async () => {
    const channel = fresh()
    const reader = await listen(channel)
    await publish(channel, { data: 'first' })
    const { id } = await reader.next()
    reader.leave()
    await publish(
      channel,
      Array.from({ length: 10 }, (_, i) => ({ data: `${i}` })),
    )
    for (let i = 0; i < 51; i++) await publish(channel, { data: 'more' })
    const again = await listen(channel, '', { 'last-event-id': id })
    expect((await again.next()).event).toBe('error')
    again.leave()
  })

  test('repeatedly, while others publish, without loss or repetition', async () => {
    const channel = fresh()
    const total = 120
    let isDone = false
    const publishing = (async () => {
      for (let i = 0; i < total; i++) await publish(channel, { data: String(i) })
      isDone = true
    })()
    const seen: unknown[] = []
    let id: string | undefined
    while (seen.length < total) {
      const reader = await listen(channel, '&rewind=50', id ? { 'last-event-id': id } : {})
      const wanted = isDone ? total - seen.length : Math.min(3, total - seen.length)
      const events = [...(await reader.count(wanted))].slice(0, wanted)
      reader.leave()
      seen.push(...dataOf(events))
      id = events.at(-1)!.id
    }
    await publishing
    const first = Number(seen[0])
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => String(first + i)))
  })
})

describe('rewinding', () => {
  test.each([
    ['&rewind=2', ['1', '2']],
    ['&rewind=100', ['0', '1', '2']],
    ['&rewind=1m', ['0', '1', '2']],
  ])('%s', async (query, expected) => {
    const channel = fresh()
    for (const data of ['0', '1', '2']) await publish(channel, { data })
    const reader = await listen(channel, query)
    expect(dataOf(await reader.count(expected.length))).toEqual(expected)
    const again = await listen(channel, query, { 'last-event-id': reader.events[0]!.id })
    reader.leave()
    await publish(channel, { data: 'new' })
    const since = [...expected.slice(1), 'new']
    expect(dataOf(await again.count(since.length))).toEqual(since)
    again.leave()
  })

  test('by the channel name applies to that channel only', async () => {
    const [one, two] = [fresh(), fresh()]
    await publish(one, { data: 'one' })
    await publish(two, { data: 'two' })
    const reader = await listen(`[?rewind=1]${one},${two}`)
    await publish(two, { data: 'three' })
    expect(dataOf(await reader.count(2))).toEqual(['one', 'three'])
    expect(JSON.parse(reader.events[0]!.data)).toMatchObject({ channel: `[?rewind=1]${one}` })
    reader.leave()
  })
})

describe('is refused with an ordinary answer', () => {
  const key = () => encodeURIComponent(app.keys[0]!)
  const narrow = () => encodeURIComponent(app.keys[1]!)
  const cases: readonly [string, () => string, number, number][] = [
    ['no version', () => `channels=a&key=${key()}`, 400, 40017],
    ['no channels', () => `v=1.2&key=${key()}`, 400, 40003],
    ['no credentials', () => 'channels=a&v=1.2', 401, 40101],
    ['wrong credentials', () => `channels=a&v=1.2&key=${key()}x`, 401, 40101],
    [
      'one channel that is not permitted',
      () => `channels=open,closed&v=1.2&key=${narrow()}`,
      401,
      40160,
    ],
    ['a name that none can have', () => `channels=:a&v=1.2&key=${key()}`, 400, 40010],
    ['a filter that is none', () => `channels=[filter=KCg%3D]a&v=1.2&key=${key()}`, 400, 40003],
    ['a rewind that is none', () => `channels=a&v=1.2&rewind=x&key=${key()}`, 400, 40003],
    [
      'an anonymous client where names are wanted',
      () => `channels=named:a&v=1.2&key=${key()}`,
      401,
      40161,
    ],
    [
      'too many channels',
      () => `channels=${Array.from({ length: 101 }, (_, i) => i).join()}&v=1.2&key=${key()}`,
      400,
      90010,
    ],
  ]
  test.each(cases)('%s', async (_what, query, status, code) => {
    for (const path of ['/sse', '/event-stream']) {
      const answer = await app.ask<ErrorBody>(`${path}?${query()}`, {
        as: null,
        headers: { 'x-ably-version': '' },
      })
      expect([answer.status, answer.body.error.code]).toEqual([status, code])
    }
  })

  test('a chosen separator allows commas in names', async () => {
    const channel = fresh('a,b')
    const reader = await EventReader.open(
      `${server.url}/sse?channel=${channel}|other&separator=|&v=1.2&key=${key()}`,
    )
    await publish(channel, { data: 'x' })
    expect(JSON.parse((await reader.next()).data)).toMatchObject({ channel })
    reader.leave()
  })

  test('an identified client is admitted', async () => {
    const token = encodeURIComponent(await app.token({ clientId: 'ann' }))
    const reader = await EventReader.open(
      `${server.url}/sse?channels=named:x&v=1.2&accessToken=${token}`,
    )
    await app.ask('/channels/named:x/messages', { body: { clientId: 'ann', data: 'x' } })
    expect(dataOf([await reader.next()])).toEqual(['x'])
    reader.leave()
  })
})

test('a listener is counted as long as it listens', async () => {
  const channel = fresh()
  const metrics = async () =>
    (
      await app.ask<{ status: { occupancy: { metrics: { subscribers: number } } } }>(
        `/channels/${channel}`,
      )
    ).body.status.occupancy.metrics.subscribers
  const reader = await listen(channel)
  expect(await metrics()).toBe(1)
  reader.leave()
  await eventually(async () => (await metrics()) === 0, 'the listener is gone')
})
