/** Statistics of apps and accounts over the HTTP API, in the shapes that clients of Ably's Control API v1 read. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import { SCOPES } from '../../src/service/accounts/access-tokens.ts'
import { openServices } from '../../src/service/services.ts'
import { must } from '../service/opened.ts'
import { Caller } from './caller.ts'

let api: Caller
/** Two apps of the owner and one of another account, each with made-up minutes of a day in 2020. */
let shop: string
let games: string
let theirs: string

const START = Date.UTC(2020, 0, 28, 14)
const DAY = 'start=2020-01-28&end=2020-01-29'

beforeAll(async () => {
  api = await Caller.start()
  api.token('ann')
  const services = openServices(api.server.config, systemClock, false)
  try {
    const { accounts, apps, stats } = services
    const owner = accounts.ensureOwner()
    const ids = ['shop', 'games'].map((name) => must(apps.add(owner, { name })).id)
    shop = ids[0]!
    games = ids[1]!
    theirs = must(apps.add(must(accounts.find('ann')), { name: 'theirs' })).id
    const minutes = (...counts: number[]) =>
      counts.map((opened, minute) => ({
        start: START + minute * 60_000,
        numbers: { 'channels.opened': opened, 'channels.peak': opened },
      }))
    stats.addFixtures(shop, minutes(1, 2, 3))
    stats.addFixtures(games, minutes(10, 20))
    stats.addFixtures(theirs, minutes(100))
  } finally {
    services.close()
  }
})
afterAll(() => api.server.end())

interface Record {
  readonly intervalId: string
  readonly unit: string
  readonly schema: string
  readonly appId?: string
  readonly accountId?: string
  readonly entries: { readonly [name: string]: number }
}

async function read(path: string, token?: string): Promise<readonly Record[]> {
  const { status, body } = await api.call<Record[]>(
    'GET',
    path,
    token === undefined ? {} : { token },
  )
  expect(status).toBe(200)
  return body
}

const openedIn = (records: readonly Record[]) =>
  records.map(({ entries }) => entries['channels.opened'])

describe('statistics of an app', () => {
  test('have the shape of Ably’s statistics', async () => {
    const [record] = await read(`/apps/${shop}/stats?${DAY}&limit=1`)
    expect(record).toEqual({
      intervalId: '2020-01-28:14:02',
      unit: 'minute',
      schema: 'https://schemas.ably.com/json/app-stats-0.0.5.json',
      entries: { 'channels.opened': 3, 'channels.peak': 3 },
      appId: shop,
    })
  })

  test.each([
    ['', [3, 2, 1]],
    ['&direction=forwards', [1, 2, 3]],
    ['&direction=forwards&limit=2', [1, 2]],
    ['&unit=hour', [6]],
    ['&unit=month', [6]],
  ])('%p gives %p', async (query, expected) => {
    expect(openedIn(await read(`/apps/${shop}/stats?${DAY}${query}`))).toEqual(expected)
  })

  test('may be asked for by milliseconds', async () => {
    const span = `start=${START + 60_000}&end=${START + 119_999}`
    expect(openedIn(await read(`/apps/${shop}/stats?${span}`))).toEqual([2])
  })

  test.each(['limit=0', 'limit=1001', 'limit=x', 'unit=week', 'direction=up', 'start=x', 'end=-1'])(
    'are refused with %s',
    async (query) => {
      expect((await api.call('GET', `/apps/${shop}/stats?${query}`)).status).toBe(400)
    },
  )
})

describe('statistics of an account', () => {
  test('add up those of its apps, and of no other', async () => {
    const records = await read(`/accounts/owner/stats?${DAY}`)
    expect(openedIn(records)).toEqual([3, 22, 11])
    const [{ id }] = (await api.call<[{ id: string }]>('GET', '/accounts')).body
    expect(records[0]).toMatchObject({ accountId: id })
    expect(records[0]).not.toHaveProperty('appId')
    const [hour] = await read(`/accounts/owner/stats?${DAY}&unit=hour`)
    // Peaks of apps are not added up: the sum is the greatest of them.
    expect(hour!.entries).toEqual({ 'channels.opened': 36, 'channels.peak': 20 })
  })

  test('are empty without apps', async () => {
    const token = api.token('bob')
    expect(await read('/accounts/bob/stats', token)).toEqual([])
  })
})

describe('access', () => {
  test('needs the scope', async () => {
    const others = api.token(
      'owner',
      SCOPES.filter((scope) => scope !== 'read:stats'),
    )
    for (const path of [`/apps/${shop}/stats`, '/accounts/owner/stats']) {
      const { status, body } = await api.call('GET', path, { token: others })
      expect([status, body.message]).toEqual([403, expect.stringContaining('read:stats')])
      const token = api.token('owner', ['read:stats'])
      expect((await api.call('GET', path, { token })).status).toBe(200)
    }
  })

  test('an account sees its own apps, and the owner all', async () => {
    const token = api.token('ann')
    expect(openedIn(await read(`/apps/${theirs}/stats?${DAY}`, token))).toEqual([100])
    expect(openedIn(await read(`/accounts/ann/stats?${DAY}`, token))).toEqual([100])
    expect(openedIn(await read(`/apps/${theirs}/stats?${DAY}`))).toEqual([100])
    for (const path of [`/apps/${games}/stats`, '/accounts/owner/stats', '/apps/none/stats']) {
      expect((await api.call('GET', path, { token })).status).toBe(404)
    }
  })
})
