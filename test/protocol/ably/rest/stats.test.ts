/** Statistics over REST: through the published Ably client in both formats, and as plain requests. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Ably from 'ably'
import { Packr } from 'msgpackr'
import { MAX_FIXTURES } from '../../../../src/stats/fixture.ts'
import { eventually } from '../../../support/client.ts'
import { type SandboxAnswer, basic, newSandboxApp } from '../../../support/sandbox-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
/** An app that is only used for reading made-up statistics. */
let app: SandboxAnswer
const packr = new Packr({ useRecords: false, int64AsType: 'number' })

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await newSandboxApp(server.url)
  expect((await postStats(app, FIXTURES)).status).toBe(201)
})
afterAll(() => server.end())

const traffic = (count: number) => ({ realtime: { messages: { count, data: count * 100 } } })
const YEAR = new Date().getUTCFullYear() - 1

/** Three minutes of an hour, and two of another month. */
const FIXTURES = [
  { intervalId: `${YEAR}-02-03:15:05`, inbound: traffic(70), outbound: traffic(40) },
  { intervalId: `${YEAR}-02-03:15:03`, inbound: traffic(50), outbound: traffic(20) },
  { intervalId: `${YEAR}-02-03:15:04`, inbound: traffic(60), outbound: traffic(10) },
  { intervalId: `${YEAR}-03-03:15:07`, inbound: traffic(15) },
  { intervalId: `${YEAR}-03-03:15:08`, inbound: traffic(16) },
]
const LAST = `${YEAR}-02-03:15:05`

function client(
  { endpoint, port, tls, keys }: SandboxAnswer,
  options: Partial<Ably.ClientOptions> = {},
): Ably.Rest {
  return new Ably.Rest({ key: keys[0]!.keyStr, endpoint, port, tls, logLevel: 0, ...options })
}

function postStats(
  { keys }: SandboxAnswer,
  records: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.url}/stats`, {
    method: 'POST',
    headers: {
      authorization: basic(keys[0]!.keyStr),
      'content-type': 'application/json',
      ...headers,
    },
    body: records instanceof Uint8Array ? new Uint8Array(records) : JSON.stringify(records),
  })
}

function getStats(query: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/stats${query}`, {
    headers: { authorization: basic(app.keys[0]!.keyStr), ...headers },
  })
}

const inbound = (page: Ably.PaginatedResult<Ably.Stats>) =>
  page.items.map(({ entries }) => entries['messages.inbound.all.messages.count'])

describe.each([false, true])(
  'the published client, with useBinaryProtocol %p',
  (useBinaryProtocol) => {
    const stats = (params: object) => client(app, { useBinaryProtocol }).stats(params)

    test('finds the fields of a record', async () => {
      const { items } = await stats({ end: LAST, limit: 1 })
      expect(items[0]).toMatchObject({
        intervalId: LAST,
        unit: 'minute',
        appId: app.appId,
        schema: 'https://schemas.ably.com/json/app-stats-0.0.5.json',
        entries: {
          'messages.inbound.realtime.messages.count': 70,
          'messages.inbound.realtime.all.data': 7000,
          'messages.outbound.all.messages.count': 40,
          'messages.all.messages.count': 110,
          'messages.all.all.data': 11_000,
        },
      })
      expect(items[0]?.inProgress).toBeUndefined()
    })

    test.each([
      [{ start: `${YEAR}-02-03:15:03`, end: LAST, direction: 'forwards' }, [50, 60, 70]],
      [{ start: `${YEAR}-02-03:15:03:59`, end: LAST }, [70, 60, 50]],
      [{ start: Date.UTC(YEAR, 1, 3, 15, 4, 59, 999), end: Date.UTC(YEAR, 1, 4) }, [70, 60]],
      [{ start: Date.UTC(YEAR, 1, 3, 15, 4), end: Date.UTC(YEAR, 1, 3, 15, 4) }, [60]],
      [{ direction: 'forwards', limit: 1 }, [50]],
      [{ end: `${YEAR}-12` }, [16, 15, 70, 60, 50]],
      [{ unit: 'hour', start: `${YEAR}-02-03:15`, end: `${YEAR}-02-03:18` }, [180]],
      [{ by: 'hour', end: `${YEAR}-02-03:15:01` }, [180]],
      [{ unit: 'day', direction: 'forwards', end: `${YEAR}-12` }, [180, 31]],
      [{ unit: 'month', start: LAST, end: LAST }, [180]],
      [{ by: 'month', end: `${YEAR}-12` }, [31, 180]],
      [{ unit: 'hour', end: `${YEAR}-02-03:14:59` }, []],
    ])('%j gives %j', async (params, expected) => {
      expect(inbound(await stats(params))).toEqual(expected)
    })

    test.each([
      ['backwards', [70, 60, 50]],
      ['forwards', [50, 60, 70]],
    ])('pages %s, and finds the last page', async (direction, expected) => {
      const first = await stats({ end: LAST, direction, limit: 1 })
      const second = await first.next()
      const third = await second!.next()
      expect([first, second!, third!].map((page) => inbound(page)[0])).toEqual(expected)
      expect([first, second!, third!].map((page) => page.isLast())).toEqual([false, false, true])
      expect(third!.hasNext()).toBe(false)
      expect(await third!.next()).toBeNull()
      expect(inbound((await third!.first())!)).toEqual(expected.slice(0, 1))
      expect(inbound((await second!.current())!)).toEqual(expected.slice(1, 2))
    })

    test('gets an error for a wrong query', async () => {
      const wrong = [
        { limit: 0 },
        { limit: 1001 },
        { unit: 'week' },
        { direction: 'up' },
        { start: 'yesterday' },
        { start: -1 },
        { end: '2025-13' },
        { start: `${YEAR}-02-03:15:06`, end: LAST },
        { cursor: '../x' },
        { start: '9999999999999999' },
      ]
      for (const params of wrong) {
        await expect(stats(params)).rejects.toMatchObject({ code: 40003, statusCode: 400 })
      }
    })

    test('sees counts within seconds, and what is still in progress', async () => {
      const fresh = await newSandboxApp(server.url)
      const rest = client(fresh, { useBinaryProtocol })
      await rest.auth.requestToken()
      await expect(rest.auth.requestToken({ ttl: -1 })).rejects.toThrow()
      await expect(rest.stats({ limit: 0 })).rejects.toThrow()
      const narrow = client(fresh, { useBinaryProtocol, key: fresh.keys[1]!.keyStr })
      await expect(narrow.stats()).rejects.toMatchObject({ code: 40160, statusCode: 401 })
      let latest: Ably.Stats | undefined
      await eventually(async () => {
        ;[latest] = (await rest.stats({ unit: 'month' })).items
        return (latest?.entries['apiRequests.other.succeeded'] ?? 0) >= 1
      }, 'the requests are counted')
      expect(latest!.inProgress).toMatch(/^\d{4}-\d\d-\d\d:\d\d:\d\d$/)
      expect(latest!.inProgress).toStartWith(latest!.intervalId)
      expect(latest).toMatchObject({
        unit: 'month',
        entries: {
          'apiRequests.tokenRequests.succeeded': 1,
          'apiRequests.tokenRequests.failed': 1,
          'apiRequests.other.failed': 1,
          'apiRequests.other.refused': 1,
        },
      })
    })
  },
)

describe('plain requests', () => {
  const nested = (record: object) => {
    const {
      entries: _,
      schema: _schema,
      appId: _appId,
      ...rest
    } = record as { entries: object } & {
      schema: string
      appId: string
    }
    return rest
  }

  test('read nested members equal to the fixtures', async () => {
    const fifty = { count: 50, data: 5000 }
    const types = { all: fifty, messages: fifty }
    const nought = { count: 0, data: 0, failed: 0, refused: 0 }
    const noughts = { all: nought, messages: nought, presence: nought }
    const made = Array.from({ length: 10 }, (_, minute) => ({
      intervalId: `2020-01-28:14:0${minute}`,
      unit: 'minute',
      all: types,
      inbound: { all: types, realtime: types },
    }))
    // ably-go writes every possible member.
    const sent = made.map((record) => ({
      inProgress: '',
      count: 0,
      ...record,
      inbound: { ...record.inbound, rest: noughts, webhook: noughts, push: noughts },
      outbound: { all: noughts, realtime: noughts, sharedQueue: noughts },
      persisted: noughts,
      connections: { all: { peak: 0, min: 0, mean: 0, opened: 0 }, tls: { peak: 0 } },
      channels: { peak: 0, refused: 0 },
      apiRequests: { failed: 0, refused: 0, succeeded: 0 },
      push: { messages: 0, notifications: { invalid: 0 } },
      peakRates: { messages: 0, reactor: { amqp: 0 } },
    }))
    const fresh = await newSandboxApp(server.url)
    const packed = { 'content-type': 'application/x-msgpack' }
    expect((await postStats(fresh, sent)).status).toBe(201)
    expect((await postStats(fresh, packr.pack(sent), packed)).status).toBe(201)
    const read = async (query: string) => {
      const authorization = basic(fresh.keys[0]!.keyStr)
      return (await (
        await getStats(`?end=2020-01-29${query}`, { authorization })
      ).json()) as object[]
    }
    expect((await read('&limit=20')).map(nested)).toEqual(made.toReversed())
    const [month] = await read('&unit=month')
    expect(nested(month!)).toMatchObject({
      unit: 'month',
      intervalId: '2020-01',
      all: { all: { count: 500, data: 50_000 } },
      inbound: { realtime: { messages: { count: 500 } } },
    })
  })

  test('are linked from page to page, the next one first', async () => {
    const response = await getStats(`?end=${LAST}&by=minute&limit=2&rnd=a%2Cb`)
    const links = response.headers.get('link')!
    const [, next] = /^<\.\/stats(\?[^>]+)>; rel="next", <\.\/stats/.exec(links)!
    expect(next).toStartWith(`?end=${encodeURIComponent(LAST)}&by=minute&limit=2&rnd=a%2Cb&cursor=`)
    const last = await getStats(next!)
    expect(await last.json()).toMatchObject([{ intervalId: `${YEAR}-02-03:15:03` }])
    expect(last.headers.get('link')).not.toContain('rel="next"')
    expect(last.headers.get('link')).toContain('rel="first"')
  })

  test('keep the end of an open list where it was', async () => {
    const before = Date.now()
    const response = await getStats('?limit=1')
    const [, end] = /[?&]end=(\d+)/.exec(response.headers.get('link')!)!
    expect(Number(end)).toBeGreaterThanOrEqual(before)
    expect(Number(end)).toBeLessThanOrEqual(Date.now())
  })

  test('get an empty list in the requested format', async () => {
    const headers = { accept: 'application/x-msgpack' }
    const response = await getStats('?end=1', headers)
    expect(response.headers.get('content-type')).toBe('application/x-msgpack')
    expect(await response.bytes()).toEqual(new Uint8Array([0x90]))
    expect(response.headers.get('link')).not.toContain('rel="next"')
  })

  test('get links in an envelope if they ask for one', async () => {
    const envelope = (await (await getStats(`?end=${LAST}&limit=1&envelope=json`)).json()) as {
      statusCode: number
      response: object[]
      headers: Record<string, string>
    }
    expect(envelope).toMatchObject({ statusCode: 200, response: [{ intervalId: LAST }] })
    expect(envelope.headers['link']).toContain('envelope=json')
  })

  test('are refused without the capability for the whole app', async () => {
    const capabilities = [{ '*': ['stats'] }, { '[*]*': ['stats'] }, { '*': ['history'] }]
    const narrow = [{ 'news:*': ['*'] }, { news: ['stats'] }, { '*:*': ['stats'] }]
    const { keys } = await newSandboxApp(server.url, {
      keys: [...capabilities, ...narrow].map((one) => ({ capability: JSON.stringify(one) })),
    })
    const answers = await Promise.all(
      keys.map(({ keyStr }) => getStats('', { authorization: basic(keyStr) })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 401, 401, 401])
    expect(await answers[2]!.json()).toMatchObject({ error: { code: 40160, statusCode: 401 } })
    expect((await fetch(`${server.url}/stats`)).status).toBe(401)
  })

  test('can use a token', async () => {
    const { token } = await client(app).auth.requestToken()
    const response = await getStats(`?end=${LAST}`, { authorization: `Bearer ${btoa(token)}` })
    expect(response.status).toBe(200)
  })

  test('see no other app', async () => {
    const other = await newSandboxApp(server.url)
    const page = await client(other).stats({ end: Date.UTC(YEAR, 11) })
    expect(page.items).toEqual([])
  })
})

describe('made-up statistics', () => {
  test.each([
    ['no list', { intervalId: LAST }],
    ['no interval', [FIXTURES[0], { inbound: {} }]],
    ['a number that is none', [FIXTURES[0], { intervalId: LAST, channels: { peak: 'many' } }]],
  ])('are refused as a whole with %s', async (_case, records) => {
    const fresh = await newSandboxApp(server.url)
    const response = await postStats(fresh, records)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 40000 } })
    const page = await client(fresh).stats({ end: Date.UTC(YEAR, 11) })
    expect(page.items).toEqual([])
  })

  test('need a key', async () => {
    const authorization = basic(`${app.keys[0]!.keyName}:wrong`)
    expect((await postStats(app, FIXTURES, { authorization })).status).toBe(401)
  })

  test('are possible in a sandbox only', async () => {
    const ordinary = await startTestServer()
    try {
      const response = await fetch(`${ordinary.url}/stats`, {
        method: 'POST',
        headers: { authorization: basic(ordinary.addKey()) },
        body: JSON.stringify(FIXTURES),
      })
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.headers.get('x-ably-errorcode')).not.toBeNull()
    } finally {
      await ordinary.end()
    }
  })
})

test('a long page is made while it is read, and larger intervals add up all minutes', async () => {
  const own = await newSandboxApp(server.url)
  const two = (part: number) => String(part).padStart(2, '0')
  const records = Array.from({ length: 900 }, (_, i) => ({
    intervalId: `${YEAR}-05-${two(1 + Math.floor(i / 300))}:${two(Math.floor(i / 60) % 5)}:${two(i % 60)}`,
    inbound: traffic(i + 1),
  }))
  for (let from = 0; from < records.length; from += MAX_FIXTURES)
    expect((await postStats(own, records.slice(from, from + MAX_FIXTURES))).status).toBe(201)
  const ask = (query: string) =>
    fetch(`${server.url}/stats?end=${YEAR}-12&${query}`, {
      headers: { authorization: basic(own.keys[0]!.keyStr), 'x-ably-version': '3' },
    })
  const page = await ask('limit=1000')
  expect(page.headers.get('content-length')).toBeNull()
  const items = (await page.json()) as { intervalId: string }[]
  expect(items.map(({ intervalId }) => intervalId)).toEqual(
    records.map(({ intervalId }) => intervalId).toReversed(),
  )
  const few = await ask('unit=month')
  expect(few.headers.get('content-length')).not.toBeNull()
  const [month] = (await few.json()) as { entries: Record<string, number> }[]
  expect(month!.entries['messages.inbound.realtime.messages.count']).toBe((900 * 901) / 2)
})
