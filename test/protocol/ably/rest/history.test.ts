/** The history of messages: order, bounds and pages, through the published client and as plain requests. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AblyApp, type ErrorBody, linksOf } from '../../../support/ably-app.ts'
import { type TimedServer, startTimedServer } from '../../../support/timed-server.ts'

let server: TimedServer
let app: AblyApp
let counter = 0

beforeAll(async () => {
  server = await startTimedServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [{ only: ['publish', 'subscribe'] }])
})
afterAll(() => server.end())

/** Publishes `0`, `1` and so on, a millisecond apart; says when. */
async function filled(count: number): Promise<{ channel: string; times: number[] }> {
  const channel = `history-${counter++}`
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    times.push(server.clock.now())
    await app.ask(`/channels/${channel}/messages`, { body: { data: String(i) } })
    server.clock.advance(1)
  }
  return { channel, times }
}

interface WireMessage {
  readonly data: string
  readonly serial: string
}

const ask = (channel: string, query = '') =>
  app.ask<WireMessage[]>(`/channels/${channel}/messages?${query}`)
const dataOf = (messages: readonly WireMessage[]) => messages.map(({ data }) => data).join('')
const found = async (channel: string, query = '') => dataOf((await ask(channel, query)).body)

async function refused(query: string) {
  const { status, body } = await app.ask<ErrorBody>(`/channels/any/messages?${query}`)
  return [status, body.error.code]
}

describe('the order', () => {
  test('is newest first, or oldest first if asked for', async () => {
    const { channel } = await filled(4)
    expect(await found(channel)).toBe('3210')
    expect(await found(channel, 'direction=backwards')).toBe('3210')
    expect(await found(channel, 'direction=forwards')).toBe('0123')
    expect(await found(channel, 'direction=forwards&limit=2')).toBe('01')
  })

  test('is that of publishing, even within a millisecond', async () => {
    const channel = `history-${counter++}`
    const messages = Array.from({ length: 12 }, (_, i) => ({ data: i.toString(16) }))
    await app.ask(`/channels/${channel}/messages`, { body: messages })
    expect(await found(channel, 'direction=forwards')).toBe('0123456789ab')
  })

  test('is the same under the other address', async () => {
    const { channel } = await filled(2)
    const { body } = await app.ask<WireMessage[]>(`/channels/${channel}/history`)
    expect(dataOf(body)).toBe('10')
  })
})

describe('bounds', () => {
  test.each([
    [1, 2, 'forwards', '12'],
    [1, 2, 'backwards', '21'],
    [2, undefined, 'forwards', '23'],
    [undefined, 1, 'backwards', '10'],
    [3, 3, 'forwards', '3'],
  ])('from %p to %p, %s: %p', async (from, to, direction, expected) => {
    const { channel, times } = await filled(4)
    const start = from === undefined ? '' : `&start=${times[from]}`
    const end = to === undefined ? '' : `&end=${times[to]}`
    expect(await found(channel, `direction=${direction}${start}${end}`)).toBe(expected)
  })

  test.each(['from_serial', 'fromSerial'])('stops at the point in %s', async (name) => {
    const { channel } = await filled(4)
    const { body } = await ask(channel, 'direction=forwards')
    const position = body[1]!.serial.slice(0, body[1]!.serial.lastIndexOf(':'))
    const query = `${name}=${encodeURIComponent(position)}`
    expect(await found(channel, query)).toBe('10')
    expect(await found(channel, `${query}&direction=forwards&limit=1`)).toBe('0')
  })
})

describe('pages', () => {
  test.each(['forwards', 'backwards'] as const)(
    '%s: contain every message once',
    async (direction) => {
      const { channel } = await filled(5)
      for (const useBinaryProtocol of [false, true]) {
        const messages = app.client({ useBinaryProtocol }).channels.get(channel)
        const pages: string[] = []
        let page = await messages.history({ direction, limit: 2 })
        for (;;) {
          pages.push(page.items.map(({ data }) => data as string).join(''))
          if (page.isLast()) break
          page = (await page.next())!
        }
        expect(pages).toEqual(direction === 'forwards' ? ['01', '23', '4'] : ['43', '21', '0'])
        expect(page.hasNext()).toBe(false)
        expect(await page.next()).toBeNull()
        const first = await page.first()
        expect(first.items).toHaveLength(2)
        const current = await page.current()
        expect(current.items.map(({ data }) => data as string).join('')).toBe(pages.at(-1)!)
      }
    },
  )

  test('a full last page has no next page', async () => {
    const { channel } = await filled(2)
    expect(linksOf((await ask(channel, 'limit=2')).headers).has('next')).toBe(false)
    expect(linksOf((await ask(channel, 'limit=1')).headers).has('next')).toBe(true)
  })

  test('an empty history is an empty page, in either format', async () => {
    for (const binary of [false, true]) {
      const answer = await app.ask('/channels/nothing-here/messages', { binary })
      expect(answer.body).toEqual([] as never)
      expect(linksOf(answer.headers).has('next')).toBe(false)
    }
  })

  test('later messages do not shift pages', async () => {
    const { channel } = await filled(3)
    const page = await app.client().channels.get(channel).history({ limit: 2 })
    await app.ask(`/channels/${channel}/messages`, { body: { data: 'new' } })
    const rest = (await page.next())!
    const first = await rest.first()
    expect(rest.items.map(({ data }) => data as string)).toEqual(['0'])
    expect(first.items.map(({ data }) => data as string)).toEqual(['2', '1'])
  })

  test('have one Link header, next first, relative, with the query', async () => {
    const { channel, times } = await filled(3)
    const query = `start=${times[0]}&limit=1&direction=forwards&rnd=7`
    const { headers } = await ask(channel, query)
    const links = linksOf(headers)
    expect([...links.keys()]).toEqual(['next', 'current', 'first'])
    for (const link of links.values()) {
      expect(link).toMatch(/^\.\/messages\?[^,/]+$/)
      for (const parameter of query.split('&')) expect(link).toContain(parameter)
    }
    const next = links.get('next')!.slice('./messages?'.length)
    expect(await found(channel, next)).toBe('1')
  })

  test('are wrapped in an envelope for browsers, with links and errors', async () => {
    const { channel } = await filled(2)
    const enveloped = await app.ask<{ statusCode: number; headers: object; response: unknown[] }>(
      `/channels/${channel}/messages?limit=1&envelope=json`,
    )
    expect(enveloped.body).toMatchObject({
      statusCode: 200,
      headers: { link: expect.stringContaining('rel="next"') },
      response: [{ data: '1' }],
    })
    const refusal = await app.ask('/channels/x/messages?limit=0&envelope=msgpack', { binary: true })
    expect(refusal.status).toBe(200)
    expect(refusal.body).toMatchObject({
      statusCode: 400,
      headers: { 'x-ably-errorcode': '40003' },
      response: { error: { code: 40003 } },
    })
  })

  test('of any size make up the whole list', async () => {
    const { channel } = await filled(9)
    const size = fc.integer({ min: 1, max: 10 })
    await fc.assert(
      fc.asyncProperty(size, fc.constantFrom('forwards', 'backwards'), async (limit, direction) => {
        let query: string | undefined = `limit=${limit}&direction=${direction}`
        let all = ''
        while (query !== undefined) {
          const { body, headers } = await ask(channel, query)
          expect(body.length).toBeLessThanOrEqual(limit)
          all += dataOf(body)
          query = linksOf(headers).get('next')?.split('?')[1]
        }
        expect(all).toBe(direction === 'forwards' ? '012345678' : '876543210')
      }),
      { numRuns: 20 },
    )
  })
})

describe('refusals', () => {
  test.each([
    ['limit=0', 40003],
    ['limit=1001', 40003],
    ['limit=-1', 40003],
    ['limit=x', 40003],
    ['direction=up', 40003],
    ['start=yesterday', 40003],
    ['start=2&end=1', 40003],
    ['cursor=%00', 40003],
    ['from_serial=x', 90008],
  ])('%s is %p', async (query, code) => {
    expect(await refused(query)).toEqual([400, code])
  })

  test('reading needs the history capability', async () => {
    const { status, body } = await app.ask<ErrorBody>('/channels/only/messages', {
      as: app.keys[1]!,
    })
    expect([status, body.error.code]).toEqual([401, 40160])
  })
})

test('channels in memory forget messages after two minutes', async () => {
  const { channel } = await filled(2)
  server.clock.advance(119_000)
  expect(await found(channel)).toBe('10')
  server.clock.advance(2000)
  expect(await found(channel)).toBe('')
})
