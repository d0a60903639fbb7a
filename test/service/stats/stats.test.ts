/** What is counted for apps is written down, survives restarts, and adds up by hour, day and month. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type AppCount, AppCounters } from '../../../src/core/counting/app-counters.ts'
import { COMMONS } from '../../../src/core/types.ts'
import { StatsRecorder } from '../../../src/service/stats/stats-recorder.ts'
import { UNITS, type Unit, intervalId } from '../../../src/stats/interval.ts'
import { shown } from '../../../src/stats/numbers.ts'
import type { StatsQuestion } from '../../../src/stats/span.ts'
import { Opened, must } from '../opened.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

let opened: Opened
let counters: AppCounters
let recorder: StatsRecorder
let appId: string
let count: AppCount
let bugs: unknown[]

beforeEach(() => {
  opened = new Opened()
  opened.now = Date.UTC(2026, 1, 3, 15, 3)
  bugs = []
  appId = must(opened.services.apps.find(undefined)).id
  start()
})
afterEach(() => {
  opened.end()
  expect(bugs).toEqual([])
})

/** As a server does when it starts: nothing has been counted yet. */
function start(): void {
  counters = new AppCounters()
  recorder = new StatsRecorder(opened.parts, counters, (bug) => bugs.push(bug))
  count = counters.of(appId)
}

function later(ms: number): void {
  opened.now += ms
}

function addApp(name: string): string {
  const { accounts, apps } = opened.services
  return must(apps.add(accounts.ensureOwner(), { name })).id
}

const whole = (unit: Unit): StatsQuestion => ({
  span: { unit, first: 0, last: Date.UTC(2100, 0) },
  direction: 'forwards',
  limit: 1000,
})

/** Numbers as they are shown, by the id of their interval. */
function read(unit: Unit, apps: readonly string[] = [appId]): Record<string, object> {
  const { items } = opened.services.stats.read(apps, whole(unit))
  return Object.fromEntries(
    items.map(({ start: began, numbers }) => [intervalId(unit, began), shown(numbers)]),
  )
}

function rows(): number {
  const { sqlite } = opened.services.store
  return (sqlite.query('SELECT count(*) AS n FROM app_stats').get() as { n: number }).n
}

/** How often the database was written to. */
function writes(): number {
  const { sqlite } = opened.services.store
  return (sqlite.query('SELECT total_changes() AS n').get() as { n: number }).n
}

describe('counts', () => {
  test('are written for minute, hour, day and month at once', () => {
    count.inbound.rest.messages.count += 2
    count.inbound.rest.messages.data += 300
    count.outbound.realtime.presence.refused++
    recorder.write()
    for (const unit of UNITS) {
      expect(Object.values(read(unit))).toMatchObject([
        {
          'messages.inbound.rest.messages.count': 2,
          'messages.all.all.data': 300,
          'messages.outbound.realtime.presence.refused': 1,
        },
      ])
    }
    expect(Object.keys(read('minute'))).toEqual(['2026-02-03:15:03'])
    expect(Object.keys(read('month'))).toEqual(['2026-02'])
  })

  test('have their own names', () => {
    for (const way of [count.inbound, count.outbound]) {
      for (const { messages, presence } of [way.realtime, way.rest]) {
        Object.assign(messages, { count: 1, data: 2, failed: 3, refused: 4 })
        Object.assign(presence, { count: 5, data: 6, failed: 7, refused: 8 })
      }
    }
    Object.assign(count.persisted.messages, { count: 9, data: 10 })
    Object.assign(count.persisted.presence, { count: 11, data: 12 })
    Object.assign(count.connections.tls, { opened: 13, failed: 14, refused: 15 })
    Object.assign(count.connections.plain, { opened: 1, failed: 1, refused: 1 })
    Object.assign(count.channels, { opened: 16, failed: 17, refused: 18 })
    Object.assign(count.apiRequests, { succeeded: 19, failed: 20, refused: 21 })
    Object.assign(count.tokenRequests, { succeeded: 1, failed: 2, refused: 3 })
    recorder.write()
    const [entries] = Object.values(read('minute'))
    expect(entries).toMatchObject({
      'messages.inbound.realtime.messages.count': 1,
      'messages.inbound.rest.messages.data': 2,
      'messages.outbound.realtime.messages.failed': 3,
      'messages.outbound.rest.messages.refused': 4,
      'messages.inbound.rest.presence.count': 5,
      'messages.outbound.realtime.presence.data': 6,
      'messages.inbound.all.all.refused': 24,
      'messages.all.all.count': 24,
      'messages.persisted.messages.count': 9,
      'messages.persisted.presence.data': 12,
      'connections.tls.opened': 13,
      'connections.all.refused': 16,
      'channels.opened': 16,
      'channels.failed': 17,
      'channels.refused': 18,
      'apiRequests.other.succeeded': 19,
      'apiRequests.all.refused': 24,
      'apiRequests.tokenRequests.failed': 2,
    })
    // Counts are taken once.
    recorder.write()
    expect(Object.values(read('minute'))).toEqual([entries!])
  })

  test('add up within a minute and begin again in the next', () => {
    for (const wait of [SECOND, SECOND, MINUTE, 60 * MINUTE]) {
      count.apiRequests.succeeded++
      recorder.write()
      later(wait)
    }
    const requests = (unit: Unit) =>
      Object.values(read(unit)).map(
        (entries) => (entries as Record<string, number>)['apiRequests.other.succeeded'],
      )
    expect(requests('minute')).toEqual([3, 1])
    expect(requests('hour')).toEqual([3 + 1])
    count.apiRequests.succeeded++
    recorder.write()
    expect(requests('minute')).toEqual([3, 1, 1])
    expect(requests('hour')).toEqual([4, 1])
    expect(requests('day')).toEqual([5])
  })

  test('continue after a restart within the minute', () => {
    count.apiRequests.succeeded += 2
    recorder.write()
    later(SECOND)
    start()
    count.apiRequests.succeeded += 3
    recorder.write()
    for (const unit of UNITS) {
      expect(Object.values(read(unit))).toMatchObject([{ 'apiRequests.all.succeeded': 5 }])
    }
  })

  test('are kept in memory while they cannot be written', () => {
    recorder.write()
    const { sqlite } = opened.services.store
    const other = opened.again()
    sqlite.run('PRAGMA busy_timeout = 0')
    other.store.sqlite.run('BEGIN IMMEDIATE')
    count.apiRequests.succeeded++
    recorder.write()
    later(MINUTE)
    count.apiRequests.succeeded++
    recorder.write()
    expect(bugs).toHaveLength(2)
    expect(read('minute')).toEqual({})
    other.store.sqlite.run('ROLLBACK')
    other.close()
    recorder.write()
    expect(Object.values(read('minute'))).toMatchObject([
      { 'apiRequests.all.succeeded': 1 },
      { 'apiRequests.all.succeeded': 1 },
    ])
    expect(Object.values(read('hour'))).toMatchObject([{ 'apiRequests.all.succeeded': 2 }])
    bugs = []
  })

  test('are separate for each app', () => {
    const other = addApp('other')
    counters.of(other).apiRequests.succeeded += 5
    count.apiRequests.succeeded++
    recorder.write()
    const one = { 'apiRequests.all.succeeded': 1, 'apiRequests.other.succeeded': 1 }
    expect(read('minute')).toEqual({ '2026-02-03:15:03': one })
    expect(Object.values(read('minute', [other]))).toMatchObject([
      { 'apiRequests.all.succeeded': 5 },
    ])
    expect(Object.values(read('day', [appId, other]))).toMatchObject([
      { 'apiRequests.all.succeeded': 6 },
    ])
  })

  test('of a removed app are dropped, and those of the commons kept', () => {
    const other = addApp('other')
    counters.of(other).apiRequests.succeeded++
    recorder.write()
    expect(rows()).toBe(4)
    must(opened.services.apps.remove(other))
    expect(rows()).toBe(0)
    counters.of(other).apiRequests.succeeded++
    recorder.write()
    expect(rows()).toBe(0)
    expect([...counters].map(([id]) => id)).toEqual([appId])
    counters.of(COMMONS).inbound.realtime.messages.count++
    recorder.write()
    expect(Object.values(read('day', [COMMONS]))).toMatchObject([
      { 'messages.inbound.realtime.messages.count': 1 },
    ])
  })
})

describe('connections and channels', () => {
  const levels = {
    'connections.all.peak': 2,
    'connections.all.mean': 1.5,
    'connections.all.min': 1,
  }

  test('have a peak, a minimum and a mean over the samples of the minute', () => {
    recorder.write()
    recorder.write()
    count.connections.open(true)
    count.connections.open(false)
    recorder.write()
    count.connections.close(false)
    recorder.write()
    later(MINUTE)
    recorder.write()
    expect(read('minute')['2026-02-03:15:03']).toEqual({
      'connections.tls.opened': 1,
      'connections.plain.opened': 1,
      'connections.all.opened': 2,
      'connections.all.peak': 2,
      // The samples are zero twice, then two, then one.
      'connections.all.mean': 3 / 4,
      'connections.tls.peak': 1,
      'connections.tls.mean': 2 / 4,
      'connections.plain.peak': 1,
      'connections.plain.mean': 1 / 4,
    })
  })

  test('that stay open continue in the next minute', () => {
    count.connections.open(true)
    count.connections.open(true)
    recorder.write()
    later(MINUTE)
    recorder.write()
    count.connections.close(true)
    later(SECOND)
    recorder.write()
    expect(read('minute')['2026-02-03:15:04']).toMatchObject(levels)
    expect(Object.values(read('hour'))).toMatchObject([
      { 'connections.all.peak': 2, 'connections.all.mean': 5 / 3 },
    ])
  })

  test('that only stay open are not written every second', () => {
    count.channels.open()
    recorder.write()
    const before = writes()
    for (let i = 0; i < 50; i++) {
      later(SECOND)
      recorder.write()
    }
    expect(writes()).toBe(before)
    later(MINUTE)
    recorder.write()
    expect(writes()).toBeGreaterThan(before)
    expect(read('minute')['2026-02-03:15:03']).toMatchObject({ 'channels.mean': 1 })
    const { items } = opened.services.stats.read([appId], whole('minute'))
    expect(items[0]?.numbers['channels.samples']).toBe(51)
  })

  test('that come and go between two samples are counted', () => {
    recorder.write()
    count.connections.open(true)
    count.connections.close(true)
    recorder.write()
    expect(Object.values(read('minute'))).toMatchObject([{ 'connections.all.peak': 1 }])
    count.connections.refuse(true)
    recorder.write()
    expect(Object.values(read('minute'))).toMatchObject([{ 'connections.all.refused': 1 }])
  })
})

test('an idle server writes nothing', () => {
  recorder.write()
  const before = writes()
  for (let i = 0; i < 3; i++) {
    later(MINUTE)
    recorder.write()
  }
  expect(rows()).toBe(0)
  expect(writes()).toBe(before)
})

test('minutes are kept for a month, hours for a year, days and months forever', () => {
  const kept = () => UNITS.map((unit) => Object.keys(read(unit)).length)
  count.apiRequests.succeeded++
  recorder.write()
  expect(kept()).toEqual([1, 1, 1, 1])
  later(29 * DAY)
  recorder.write()
  expect(kept()).toEqual([1, 1, 1, 1])
  later(2 * DAY)
  recorder.write()
  expect(kept()).toEqual([0, 1, 1, 1])
  later(336 * DAY)
  recorder.write()
  expect(kept()).toEqual([0, 0, 1, 1])
})

describe('made-up minutes', () => {
  const at = (minute: number) => Date.UTC(2020, 0, 28, 14, minute)
  const messages = (number: number) => ({ 'messages.inbound.realtime.messages.count': number })
  const inbound = (number: number) => ({ 'messages.inbound.all.messages.count': number })

  test('add up by hour, day and month', () => {
    const fixtures = [0, 1, 59, 60].map((minute) => ({ start: at(minute), numbers: messages(10) }))
    opened.services.stats.addFixtures(appId, fixtures)
    expect(Object.keys(read('minute'))).toHaveLength(4)
    expect(Object.values(read('hour'))).toMatchObject([inbound(30), inbound(10)])
    expect(Object.values(read('day'))).toMatchObject([inbound(40)])
    expect(Object.values(read('month'))).toMatchObject([inbound(40)])
  })

  test('replace earlier ones, and are added to what was counted', () => {
    opened.now = at(7) + 5 * SECOND
    count.inbound.realtime.messages.count += 3
    recorder.write()
    const { stats } = opened.services
    stats.addFixtures(appId, [
      { start: at(7), numbers: messages(10) },
      { start: at(8), numbers: messages(1) },
    ])
    stats.addFixtures(appId, [{ start: at(7), numbers: messages(20) }])
    expect(Object.values(read('minute'))).toMatchObject([inbound(23), inbound(1)])
    expect(Object.values(read('hour'))).toMatchObject([inbound(24)])
    count.inbound.realtime.messages.count++
    recorder.write()
    expect(Object.values(read('month'))).toMatchObject([inbound(25)])
  })

  test('are kept forever', () => {
    opened.services.stats.addFixtures(appId, [{ start: at(7), numbers: messages(10) }])
    recorder.write()
    expect(UNITS.map((unit) => Object.keys(read(unit)))).toEqual([
      ['2020-01-28:14:07'],
      ['2020-01-28:14'],
      ['2020-01-28'],
      ['2020-01'],
    ])
  })
})

describe('pages', () => {
  const START = Date.UTC(2026, 0, 1)
  const fixture = (minute: number) => ({
    start: START + minute * MINUTE,
    numbers: { 'channels.opened': minute + 1 },
  })
  const span = { unit: 'minute' as const, first: START, last: START + 100 * MINUTE }

  /** Minutes in the order in which page after page gives them, with the sizes of the pages. */
  function walk(apps: readonly string[], direction: StatsQuestion['direction'], limit: number) {
    const minutes: number[] = []
    const sizes: number[] = []
    let after: number | undefined
    do {
      const page = opened.services.stats.read(apps, { span, direction, limit, after })
      minutes.push(...page.items.map(({ start: began }) => (began - START) / MINUTE))
      sizes.push(page.items.length)
      after = page.next
    } while (after !== undefined)
    return { minutes, sizes }
  }

  test.each(['forwards', 'backwards'] as const)('%s contain every interval once', (direction) => {
    const minutes = [0, 1, 2, 40, 41, 99]
    const other = addApp('other')
    const third = [3, 40]
    opened.services.stats.addFixtures(appId, minutes.map(fixture))
    opened.services.stats.addFixtures(other, third.map(fixture))
    const turned = (list: number[]) => (direction === 'forwards' ? list : list.toReversed())
    expect(walk([appId], direction, 2)).toEqual({ minutes: turned(minutes), sizes: [2, 2, 2] })
    expect(walk([appId], direction, 4)).toEqual({ minutes: turned(minutes), sizes: [4, 2] })
    expect(walk([appId, other], direction, 3)).toEqual({
      minutes: turned([0, 1, 2, 3, 40, 41, 99]),
      sizes: [3, 3, 1],
    })
    expect(walk([], direction, 3)).toEqual({ minutes: [], sizes: [0] })
  })

  test('begin and end where asked', () => {
    opened.services.stats.addFixtures(appId, [0, 1, 2, 3, 4].map(fixture))
    const inner = { unit: 'minute' as const, first: START + MINUTE, last: START + 3 * MINUTE }
    const page = (limit: number, after?: number) =>
      opened.services.stats.read([appId], { span: inner, direction: 'backwards', limit, after })
    expect(page(9).items.map(({ numbers }) => numbers['channels.opened'])).toEqual([4, 3, 2])
    // A cursor cannot exceed the bounds.
    expect(page(9, START + 50 * MINUTE).items).toHaveLength(3)
    expect(page(3).next).toBeUndefined()
    expect(page(2).next).toBe(START + 2 * MINUTE)
  })
})

describe('the latest intervals', () => {
  test('include empty ones, and add up several apps', () => {
    const other = addApp('other')
    count.connections.open(true)
    count.apiRequests.succeeded = 2
    counters.of(other).connections.open(true)
    counters.of(other).connections.open(true)
    recorder.write()
    later(2 * MINUTE)
    recorder.write()
    const latest = opened.services.stats.latest([appId, other], 'minute', 4)
    expect(latest.map((one) => intervalId('minute', one.start))).toEqual([
      '2026-02-03:15:02',
      '2026-02-03:15:03',
      '2026-02-03:15:04',
      '2026-02-03:15:05',
    ])
    expect(latest.map(({ numbers }) => numbers['apiRequests.all.succeeded'])).toEqual([
      undefined,
      2,
      undefined,
      undefined,
    ])
    expect(latest[1]!.numbers).toMatchObject({
      'connections.all.peak': 3,
      'connections.all.mean': 3,
      'connections.all.opened': 3,
    })
    const months = opened.services.stats.latest([appId], 'month', 13)
    expect(intervalId('month', months[0]!.start)).toBe('2025-02')
  })
})
