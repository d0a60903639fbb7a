/** `history.db`: what is acknowledged is in the file, stays there over restarts, and is nobody else's. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '../../../src/core/history/history.ts'
import { channelRef } from '../../../src/core/types.ts'
import { HISTORY_SCHEMA, HistoryFile } from '../../../src/store/history/history-file.ts'
import { migrations } from '../../../src/store/history/migrations.ts'
import { walk } from '../../suite/history-bench.ts'
import { temporaryFolder } from '../../support/server.ts'
import { Entries, NOW } from '../../suite/history-entries.ts'
import { HistoryModel } from '../../suite/history-model.ts'
import { OpenedLog } from './opened.ts'

const channel = channelRef('app', 'channel')
const FORWARDS: Page = { direction: 'forwards', limit: 1000 }

let opened: OpenedLog
let entries: Entries
beforeEach(() => {
  opened = new OpenedLog()
  entries = new Entries()
})
afterEach(() => opened.end())

describe('the file', () => {
  test('is durable, can shrink, and is readable by its owner only', () => {
    expect(opened.pragma('journal_mode')).toBe('wal')
    expect(opened.pragma('synchronous')).toBe(2)
    expect(opened.pragma('auto_vacuum')).toBe(2)
    expect(opened.pragma('user_version')).toBe(HISTORY_SCHEMA)
    const names = readdirSync(opened.folder).toSorted()
    expect(names).toEqual(['history.db', 'history.db-shm', 'history.db-wal'])
    for (const name of names)
      expect(statSync(`${opened.folder}/${name}`).mode & 0o777, name).toBe(0o600)
  })

  test('is one complete file after closing', async () => {
    await opened.log.append(channel, [entries.message()])
    const { path } = opened
    opened.log.close()
    expect(readdirSync(opened.folder)).toEqual(['history.db'])
    const database = new Database(path, { readonly: true })
    expect(database.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    expect(database.query('SELECT count(*) AS count FROM entries').get()).toEqual({ count: 1 })
    database.close()
    opened.reopen()
  })

  test.each<[string, (path: string) => void, string]>([
    [
      'of a newer version',
      (path) => {
        const database = new Database(path)
        database.run(`PRAGMA user_version = ${HISTORY_SCHEMA + 1}`)
        database.close()
      },
      'which is newer than this program',
    ],
    ['that is no database', (path) => writeFileSync(path, 'x'.repeat(8192)), 'cannot be opened'],
    ['that is cut short', (path) => truncateSync(path, 5000), 'cannot be opened'],
  ])('%s is refused in one line', (_, hurt, text) => {
    opened.log.close()
    hurt(opened.path)
    let complaint = ''
    try {
      opened.reopen()
    } catch (error) {
      complaint = (error as Error).message
    }
    expect(complaint).toContain(`${opened.path} `)
    expect(complaint).toContain(text)
    expect(complaint).not.toContain('\n')
  })
})

describe('an entry', () => {
  /** What another process reads. */
  const written = () => {
    const database = new Database(opened.path, { readonly: true })
    try {
      return (database.query('SELECT count(*) AS count FROM entries').get() as { count: number })
        .count
    } finally {
      database.close()
    }
  }

  test('is acknowledged once it is in the file', async () => {
    const kept = opened.log.append(channel, [entries.message()])
    expect(written()).toBe(0)
    await kept
    expect(written()).toBe(1)
  })

  test('is written before its channel is read, but not before others are', () => {
    void opened.log.append(channel, [entries.message()])
    expect(opened.log.messages(channelRef('app', 'other'), FORWARDS).items).toEqual([])
    expect(written()).toBe(0)
    expect(opened.log.messages(channel, FORWARDS).items).toHaveLength(1)
    expect(written()).toBe(1)
  })

  test('shares a transaction with entries of the same turn', async () => {
    const logged = () => statSync(`${opened.path}-wal`).size
    const before = logged()
    await Promise.all(
      Array.from({ length: 50 }, () => opened.log.append(channel, [entries.message()])),
    )
    const together = logged() - before
    for (let i = 0; i < 50; i++) await opened.log.append(channel, [entries.message()])
    expect(logged() - before - together).toBeGreaterThan(together * 5)
  })

  test('survives a restart with versions and annotations', async () => {
    const created = entries.message({ data: 'a', timestamp: NOW - 9 })
    const { serial } = created.message
    const changed = entries.version(created.message, { data: new Uint8Array([1]) })
    const annotation = entries.annotation(changed.message)
    const presence = entries.presence()
    await opened.log.append(channel, [created, changed, annotation, ...presence])
    opened.reopen()
    const { log } = opened
    expect(log.messages(channel, FORWARDS).items).toEqual([annotation.message])
    expect(log.versions(channel, serial, FORWARDS).items).toEqual([
      created.message,
      annotation.message,
    ])
    expect(log.annotations(channel, serial, FORWARDS).items).toEqual([annotation.annotation])
    expect(log.presence(channel, FORWARDS).items).toEqual(presence.map(({ change }) => change))
    const later = entries.message()
    await log.append(channel, [later])
    expect(log.messages(channel, FORWARDS).items.at(-1)).toEqual(later.message)
  })

  test('of a removed message is dropped', async () => {
    const { message } = entries.message()
    await opened.log.append(channel, [entries.version(message), entries.annotation(message)])
    expect(opened.log.message(channel, message.serial)).toBeUndefined()
    for (const table of ['channels', 'entries', 'versions', 'annotations'] as const)
      expect([table, opened.count(table)]).toEqual([table, 0])
  })

  test('of presence keeps its position', async () => {
    const [first, second] = entries.presence({ clientId: 'a' }, { clientId: 'b' })
    await opened.log.append(channel, [first!])
    await opened.log.append(channel, [second!])
    const many = entries.presence(
      ...Array.from({ length: 1200 }, (_, i) => ({ clientId: String(i) })),
    )
    await opened.log.append(channel, many)
    const all = walk((page) => opened.log.presence(channel, page), { ...FORWARDS, limit: 7 })
    const names = ['a', 'b', ...Array.from({ length: 1200 }, (_, i) => String(i))]
    expect(all.map(({ clientId }) => clientId)).toEqual(names)
    // As the history in memory names them: a channel's rule may change between two pages.
    const first3: Page = { direction: 'forwards', limit: 3 }
    expect(opened.log.presence(channel, first3).next).toBe(`${many[0]!.position}:000`)
    const back = walk((page) => opened.log.presence(channel, page), {
      direction: 'backwards',
      limit: 500,
    })
    expect(back.map(({ clientId }) => clientId)).toEqual(names.toReversed())
  })
})

describe('the latest position', () => {
  test('is the greatest ever written, also after restarts and removal', async () => {
    expect(opened.log.latestPosition()).toBeUndefined()
    const { message, position } = entries.message()
    void opened.log.append(channel, [{ kind: 'message', message, position }])
    expect(opened.log.latestPosition()).toBe(position)
    const [presence] = entries.presence()
    const version = entries.version(message)
    const annotation = entries.annotation(version.message)
    const other = channelRef('other', 'channel')
    for (const [ref, entry, at] of [
      [other, presence!, presence!.position],
      [channel, version, version.message.version.serial.slice(0, -4)],
      [channel, annotation, annotation.annotation.serial.slice(0, -4)],
    ] as const) {
      await opened.log.append(ref, [entry])
      expect(opened.log.latestPosition()).toBe(at)
      opened.reopen()
      expect(opened.log.latestPosition()).toBe(at)
    }
    const last = opened.log.latestPosition()
    await opened.log.append(other, [{ ...entries.message(), position: '0-early' }])
    expect(opened.log.latestPosition()).toBe(last!)
    opened.now += 25 * 3_600_000
    opened.tidy()
    expect(opened.count('entries')).toBe(0)
    expect(opened.log.latestPosition()).toBe(last)
    opened.reopen()
    expect(opened.log.latestPosition()).toBe(last)
  })
})

describe('times in a long channel', () => {
  /** Enough entries that the index of times has some of them. */
  const many = (timestamp: number) =>
    Array.from({ length: 300 }, () => entries.message({ timestamp }))
  const count = (page: Partial<Page>) =>
    opened.log.messages(channel, { ...FORWARDS, ...page }).items.length

  test('that are equal are all found', async () => {
    await opened.log.append(channel, [...many(NOW - 1), ...many(NOW), ...many(NOW + 1)])
    expect(count({ start: NOW })).toBe(600)
    expect(count({ end: NOW })).toBe(600)
    expect(count({ start: NOW, end: NOW })).toBe(300)
    expect(count({ start: NOW, until: entries.nextPosition() })).toBe(600)
  })

  test.each([false, true])('that went back are found, after a restart: %p', async (restarts) => {
    await opened.log.append(channel, many(NOW))
    if (restarts) opened.reopen()
    await opened.log.append(channel, many(NOW - 1000))
    await opened.log.append(channel, many(NOW + 1000))
    if (restarts) opened.reopen()
    expect(count({ start: NOW - 500 })).toBe(600)
    expect(count({ end: NOW - 500 })).toBe(300)
    expect(count({ start: NOW - 1500, end: NOW - 500 })).toBe(300)
    expect(count({ start: NOW - 500, end: NOW + 500 })).toBe(300)
  })

  test('do not exceed another bound', async () => {
    const made = many(NOW - 1)
    await opened.log.append(channel, [...made, ...many(NOW)])
    expect(count({ end: NOW - 1, until: made[9]!.position })).toBe(10)
    expect(count({ start: NOW - 1, after: made[9]!.message.serial })).toBe(590)
  })
})

test('times are found exactly in a long channel with clock jumps and restarts', async () => {
  const model = new HistoryModel()
  let time = NOW - 600_000
  let seed = 1
  const chance = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  for (let i = 0; i < 3000; i++) {
    time += chance(100) === 0 ? -chance(20_000) : chance(400)
    const entry = entries.message({ timestamp: time })
    model.add(entry)
    void opened.log.append(channel, [entry])
    // Entries of other channels come in between.
    void opened.log.append(channelRef('app', String(chance(3))), [entries.message()])
    if (i === 1500) opened.reopen()
  }
  opened.reopen()
  for (let i = 0; i < 40; i++) {
    const start = NOW - 600_000 + chance(600_000)
    const page: Page = {
      direction: i % 2 === 0 ? 'forwards' : 'backwards',
      limit: 100,
      start: i % 3 === 0 ? undefined : start,
      end: i % 5 === 0 ? undefined : start + chance(60_000),
    }
    const found = walk((part) => opened.log.messages(channel, part), page)
    expect(found.map(({ serial }) => serial)).toEqual(
      model.messages(page).map(({ serial }) => serial),
    )
  }
})

test('the migration counts what apps already have', () => {
  const folder = temporaryFolder()
  try {
    const old = new Database(join(folder.path, 'history.db'), { create: true })
    old.run(migrations[0]!)
    old.run('PRAGMA user_version = 1')
    old.run("INSERT INTO channels VALUES (1, 'app', 'a'), (2, 'app', 'b'), (3, NULL, 'gone')")
    old.run(
      `INSERT INTO entries (id, channel, kind, serial, moment, lag, body)
       VALUES (1, 1, 0, 's1', 1, 0, zeroblob(50)), (2, 2, 0, 's2', 1, 0, zeroblob(5)), (3, 3, 0, 's3', 1, 0, 'x')`,
    )
    old.run("INSERT INTO versions VALUES (1, 'v', 1, zeroblob(7))")
    old.run("INSERT INTO annotations VALUES (2, 'a', 1, zeroblob(9))")
    old.close()
    const file = new HistoryFile(folder.path)
    const rows = file.sqlite.query('SELECT * FROM realms').all()
    expect(rows).toEqual([{ realm: 'app', bytes: 50 + 5 + 7 + 9 + 4 * 120 }])
    file.close()
  } finally {
    folder.remove()
  }
})
