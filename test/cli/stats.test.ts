/** `latchkey stats`, on a real data folder. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import { type Services, openServices } from '../../src/service/services.ts'
import { COMMONS_STATS } from '../../src/service/stats/stats.ts'
import { must } from '../service/opened.ts'
import { temporaryFolder, testConfig } from '../support/server.ts'
import { run, runJson } from './process.ts'

let folder: ReturnType<typeof temporaryFolder>
let services: Services
beforeEach(() => {
  folder = temporaryFolder()
  services = openServices(testConfig({ data: folder.path }), systemClock, false)
})
afterEach(() => {
  services.close()
  folder.remove()
})

const here = (...argv: string[]) => ['stats', ...argv, '--data', folder.path]

/** Made-up minutes of 2020 in an app; the default app, if none is named. */
function makeUp(name?: string): string {
  const { accounts, apps, stats } = services
  const wanted = name === undefined ? apps.find(name) : apps.add(accounts.ensureOwner(), { name })
  const { id } = must(wanted)
  stats.addFixtures(
    id,
    [3, 4].map((minute) => ({
      start: Date.UTC(2020, 1, 3, 15, minute),
      numbers: {
        'messages.inbound.rest.messages.count': minute,
        'messages.inbound.rest.messages.refused': 1,
        'messages.inbound.rest.messages.data': 100,
        'connections.all.peak': 7,
        'apiRequests.other.refused': 2,
        'apiRequests.tokenRequests.succeeded': 5,
      },
    })),
  )
  return id
}

test('shows the newest minutes of the default app first', async () => {
  makeUp()
  const { code, out } = await run(here())
  expect(code).toBe(0)
  expect(out.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    [
      'Interval (UTC)',
      'Messages in',
      'Messages out',
      'Bytes',
      'Connections',
      'Channels',
      'Requests',
      'Refused',
    ],
    ['2020-02-03:15:04', '4', '0', '100', '7', '0', '5', '3'],
    ['2020-02-03:15:03', '3', '0', '100', '7', '0', '5', '3'],
    [''],
  ])
})

test('shows the interval and app that are asked for', async () => {
  makeUp('shop')
  expect((await run(here())).out).toContain('Nothing was counted')
  const argv = here(
    '--app',
    'shop',
    '--unit',
    'hour',
    '--start',
    '2020-02-03',
    '--end',
    '2020-02-04',
  )
  const hours = await runJson<object[]>(argv)
  expect(hours).toMatchObject([
    {
      intervalId: '2020-02-03:15',
      unit: 'hour',
      entries: { 'messages.inbound.all.all.count': 7, 'apiRequests.all.refused': 4 },
    },
  ])
  const minutes = await runJson<object[]>(here('--app', 'shop', '--limit', '1'))
  expect(minutes).toMatchObject([{ intervalId: '2020-02-03:15:04' }])
})

test('marks an interval that is still in progress', async () => {
  const { id } = must(services.apps.find(undefined))
  const start = Math.floor(Date.now() / 60_000) * 60_000
  services.stats.addFixtures(id, [{ start, numbers: { 'channels.peak': 1 } }])
  const [line] = (await run(here('--unit', 'month'))).out.split('\n').slice(1)
  expect(line).toMatch(/^\d{4}-\d\d so far /)
})

test.each([
  ['--limit', '0'],
  ['--limit', '1.5'],
  ['--unit', 'week'],
  ['--start', 'yesterday'],
  ['--app', 'none'],
])('complains about %s %s', async (option, value) => {
  const { code, out, err } = await run(here(option, value))
  expect([code, out]).toEqual([1, ''])
  expect(err).toStartWith('latchkey: ')
})

test('statistics of the commons are separate from those of apps', async () => {
  makeUp()
  services.stats.addFixtures(COMMONS_STATS, [
    {
      start: Date.UTC(2020, 1, 3, 15, 3),
      numbers: { 'messages.inbound.realtime.messages.count': 9 },
    },
  ])
  const [record] = await runJson<{ entries: object }[]>(here('--commons', '--unit', 'day'))
  expect(record).toMatchObject({ entries: { 'messages.inbound.all.all.count': 9 } })
  expect(record!.entries).not.toHaveProperty('connections.all.peak')
  const both = await run(here('--commons', '--app', 'default'))
  expect([both.code, both.err]).toEqual([2, expect.stringContaining('either --app or --commons')])
})
