/** Publishing on many channels at once, in the shapes of either version. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type Asked, type ErrorBody } from '../../../support/ably-app.ts'
import { ACTION, FrameClient } from '../../../support/ably.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp
let counter = 0

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'key-rate': '0' })
  app = await AblyApp.make(server.url, [{ 'open:*': ['publish'] }])
})
afterAll(() => server.end())

/** Two channels on which the second key may publish, and one on which it may not. */
function names(): [string, string, string] {
  counter++
  return [`open:a${counter}`, `closed:b${counter}`, `open:c${counter}`]
}

const kept = async (channel: string) =>
  (await app.ask<{ data: string }[]>(`/channels/${channel}/history?direction=forwards`)).body.map(
    ({ data }) => data,
  )

const post = (body: unknown, asked: Asked = {}) =>
  app.ask<Record<string, unknown>>('/messages', { body, as: app.keys[1]!, ...asked })

describe.each([false, true])('with useBinaryProtocol %p', (useBinaryProtocol) => {
  test('one succeeds where another fails, in the order of the channels', async () => {
    const [a, b, c] = names()
    const client = app.client({ useBinaryProtocol, key: app.keys[1]! })
    const messages = [{ data: 'one' }, { data: 'two' }]
    const result = await client.batchPublish({ channels: [a, b, c], messages })
    expect(result).toMatchObject({ successCount: 2, failureCount: 1 })
    const success = {
      messageId: expect.any(String),
      serials: [expect.any(String), expect.any(String)],
    }
    expect(result.results as unknown[]).toEqual([
      { channel: a, ...success },
      { channel: b, error: expect.objectContaining({ code: 40160, statusCode: 401 }) },
      { channel: c, ...success },
    ])
    expect(await kept(a)).toEqual(['one', 'two'])
    expect(await kept(c)).toEqual(['one', 'two'])
    expect(await kept(b)).toEqual([])
  })

  test('several batches get an answer each', async () => {
    const [a, b, c] = names()
    const client = app.client({ useBinaryProtocol, key: app.keys[1]! })
    const results = await client.batchPublish([
      { channels: [a], messages: [{ data: 'x' }] },
      { channels: [b, c], messages: [{ data: 'y' }] },
    ])
    expect(results).toMatchObject([
      { successCount: 1, failureCount: 0 },
      { successCount: 1, failureCount: 1 },
    ])
  })
})

describe('the shape of the answer', () => {
  test('is that of the request, with 201 even if all fails', async () => {
    const [a, b] = names()
    const object = await post({ channels: b, messages: { data: 'x' } })
    expect([object.status, object.body]).toMatchObject([201, { successCount: 0, failureCount: 1 }])
    const list = await post([{ channels: a, messages: { data: 'x' } }])
    expect([list.status, list.body]).toMatchObject([201, [{ successCount: 1 }]])
  })

  test('before version 3 is a flat list', async () => {
    const [a, , c] = names()
    const asked = { headers: { 'x-ably-version': '2' } }
    const { status, body, headers } = await post({ channels: [a, c], messages: {} }, asked)
    expect([status, body]).toMatchObject([201, [{ channel: a }, { channel: c }]])
    expect(headers.has('x-ably-errorcode')).toBe(false)
  })

  test('before version 3 is an error if anything fails', async () => {
    const [a, b] = names()
    const asked = { headers: { 'x-ably-version': '2' } }
    const mixed = await post({ channels: [a, b, '[invalid', ''], messages: { data: 'x' } }, asked)
    expect(mixed.status).toBe(400)
    expect(mixed.headers.get('x-ably-errorcode')).toBe('40020')
    expect(mixed.body).toMatchObject({
      error: { code: 40020, statusCode: 400 },
      batchResponse: [
        { channel: a, messageId: expect.any(String) },
        { channel: b, error: { code: 40160 } },
        { channel: '[invalid', error: { code: 40010 } },
        { channel: '', error: { code: 40010 } },
      ],
    })
    expect(await kept(a)).toEqual(['x'])
  })
})

test('a repetition is published once on each channel', async () => {
  const [a, , c] = names()
  const body = { channels: [a, c], messages: { id: 'my-id', data: 'x' } }
  const [first, second] = [await post(body), await post(body)]
  expect(second.body).toEqual(first.body)
  expect([await kept(a), await kept(c)]).toEqual([['x'], ['x']])
})

describe('refused as a whole, with nothing published', () => {
  const tooMany = Array.from({ length: 101 }, (_, i) => `open:${i}`)
  const cases: readonly [string, (channel: string) => unknown, number, number][] = [
    ['no batch', () => [], 400, 40000],
    ['something else', () => 'x', 400, 40000],
    ['no channels', () => ({ channels: [], messages: {} }), 400, 40000],
    ['channels that are no names', () => ({ channels: [7], messages: {} }), 400, 40000],
    ['too many channels', () => ({ channels: tooMany, messages: {} }), 400, 90010],
    ['no messages', (channel) => ({ channels: channel }), 400, 40000],
    [
      'a wrong message',
      (channel) => ({ channels: channel, messages: [{}, { data: 7 }] }),
      400,
      40013,
    ],
    [
      'a wrong second batch',
      (channel) => [{ channels: channel, messages: {} }, { channels: channel }],
      400,
      40000,
    ],
    [
      'too much',
      (channel) => ({ channels: channel, messages: { data: 'x'.repeat(2_097_152) } }),
      413,
      40009,
    ],
  ]
  test.each(cases)('%s', async (_what, body, status, code) => {
    const [channel] = names()
    const answer = await app.ask<ErrorBody>('/messages', { body: body(channel) })
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
    expect(await kept(channel)).toEqual([])
  })
})

describe('a large batch', () => {
  const channels = Array.from({ length: 100 }, (_, n) => `open:large${n}`)
  const large = (name: string) =>
    Array.from({ length: 100 }, (_, n) => ({ channels, messages: { name, data: String(n) } }))
  interface Part {
    readonly serials?: string[]
    readonly error?: ErrorBody['error']
  }
  type Counted = { successCount: number; failureCount: number; results: Part[] }

  test('is published in pieces, and other requests are answered in between', async () => {
    const state = { isDone: false }
    const posting = post(large('fair')).finally(() => (state.isDone = true))
    let answered = 0
    for (; !state.isDone; answered++) await app.ask('/time')
    const { status, body } = await posting
    expect(status).toBe(201)
    expect((body as unknown as Counted[]).map(({ successCount }) => successCount)).toEqual(
      channels.map(() => 100),
    )
    // Many turns, not two or three; how many depends on how fast the machine is.
    expect(answered).toBeGreaterThan(5)
    const query = '/history?direction=forwards&limit=1000'
    for (const channel of [channels[0]!, channels[99]!]) {
      const { body: list } = await app.ask<{ data: string }[]>(`/channels/${channel}${query}`)
      expect(list.map(({ data }) => data)).toEqual(channels.map((_, n) => String(n)))
    }
  })

  test('stops when the right is lost in the middle', async () => {
    const clientId = `client ${counter++}`
    const token = await app.token({ clientId })
    const reader = await FrameClient.connected(app, `key=${app.keys[0]}`)
    await reader.attach(channels[0]!)
    const posted = ['a', 'b', 'c']
    const posting = Promise.all(posted.map((name) => post(large(name), { as: token })))
    // All three have begun.
    const heard = () => JSON.stringify(reader.all(ACTION.MESSAGE))
    await reader.until(
      () => posted.every((name) => heard().includes(`"name":"${name}"`)) || undefined,
    )
    const targets = [`clientId:${clientId}`]
    await app.ask(`/keys/${app.keys[0]!.split(':')[0]}/revokeTokens`, { body: { targets } })
    for (const { body } of await posting) {
      const parts = (body as unknown as Counted[]).flatMap(({ results }) => results)
      const end = parts.findIndex(({ error }) => error)
      expect(end).toBeGreaterThan(0)
      for (const { error } of parts.slice(end)) expect(error).toMatchObject({ code: 40141 })
    }
    await reader.settled()
    reader.terminate()
  })

  test('is charged for each message on each channel, afterwards', async () => {
    const usual = await startTestServer({ sandbox: 'true' })
    try {
      const other = await AblyApp.make(usual.url, [{ '*': ['publish'] }])
      const messages = Array.from({ length: 1000 }, () => ({}))
      const body = { channels, messages }
      const first = await other.ask('/messages', { body })
      expect([first.status, first.body]).toMatchObject([201, { failureCount: 0 }])
      const later = await other.ask<ErrorBody>('/messages', { body })
      expect([later.status, later.body]).toMatchObject([429, { error: { code: 42910 } }])
      // The allowance of another key is not affected.
      const as = other.keys[1]!
      const together = await Promise.all(
        [...'abcdef'].map((name) => other.ask('/messages', { body: large(name), as })),
      )
      const passed = together.filter(({ status }) => status === 201)
      expect(passed.length).toBeGreaterThan(0)
      expect(passed.length).toBeLessThan(4)
    } finally {
      await usual.end()
    }
  })

  test('has a limited number of messages', async () => {
    const messages = Array.from({ length: 1000 }, () => ({}))
    const { status, body } = await post([
      { channels, messages },
      { channels: ['open:one'], messages },
    ])
    expect([status, body]).toMatchObject([400, { error: { code: 40034 } }])
    const fits = await post({ channels, messages })
    expect([fits.status, fits.body]).toMatchObject([201, { failureCount: 0 }])
  })
})
