/** `latchkey backup` with what channels remember: a second file, as consistent and as checked as the first. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { channelRef } from '../../src/core/types.ts'
import { HISTORY_SCHEMA } from '../../src/store/history/history-file.ts'
import type { HistoryLog } from '../../src/store/history/history-log.ts'
import { Entries, NOW } from '../suite/history-entries.ts'
import { beginFolder, latchkey, temporaryFolder } from '../support/server.ts'
import { run, runJson } from './process.ts'
import { clockAt } from '../support/clocks.ts'
import { openUnlimitedHistory } from '../support/history.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'data')
const file = join(folder.path, 'backup.db')
const channel = channelRef('app', 'channel')
const entries = new Entries()

function withHistory<T>(of: string, action: (log: HistoryLog) => T): T {
  const log = openUnlimitedHistory(
    of,
    clockAt(() => NOW),
  )
  try {
    return action(log)
  } finally {
    log.close()
  }
}

const serials = (of: string) =>
  withHistory(of, (log) =>
    log
      .messages(channel, { direction: 'forwards', limit: 10_000 })
      .items.map(({ serial }) => serial),
  )
const add = () => {
  const entry = entries.message({ data: 'x'.repeat(3000) })
  withHistory(data, (log) => void log.append(channel, [entry]))
  return entry.message.serial
}
const backup = (verb: string, path: string, into = data, ...flags: string[]) =>
  run(['backup', verb, path, '--data', into, ...flags])

/** A folder with the master key of the other. */
function anotherFolder(name: string): string {
  const path = join(folder.path, name)
  mkdirSync(path)
  copyFileSync(join(data, 'master.key'), join(path, 'master.key'))
  return path
}

let first: string
beforeAll(async () => {
  beginFolder(data)
  first = add()
  expect((await backup('create', file)).code).toBe(0)
})
afterAll(() => folder.remove())

test('the history is a file of its own, reported, and readable by its owner only', async () => {
  const report = await runJson<{ history: object }>(['backup', 'verify', file, '--data', data])
  const part = `${file}.history`
  expect(report.history).toEqual({
    file: part,
    bytes: statSync(part).size,
    schema: HISTORY_SCHEMA,
    channels: 1,
    entries: 1,
  })
  expect(statSync(part).mode & 0o777).toBe(0o600)
  const beside = readdirSync(folder.path).filter((name) => name.startsWith('backup.db'))
  expect(beside.toSorted()).toEqual(['backup.db', 'backup.db.history'])
})

test('the history can be left out', async () => {
  const small = join(folder.path, 'small.db')
  const { out } = await backup('create', small, data, '--without-history')
  expect(out).toContain('no history')
  expect(existsSync(`${small}.history`)).toBe(false)
})

test('an existing file is not overwritten, and a failure leaves no file', async () => {
  const taken = join(folder.path, 'taken.db')
  writeFileSync(`${taken}.history`, 'mine')
  const refused = await backup('create', taken)
  expect(refused.code).toBe(1)
  expect(refused.err).toContain(`${taken}.history exists already`)
  expect(existsSync(taken)).toBe(false)
  expect(readFileSync(`${taken}.history`, 'utf8')).toBe('mine')

  const broken = anotherFolder('broken')
  beginFolder(broken)
  writeFileSync(join(broken, 'history.db'), 'x'.repeat(8192))
  const target = join(folder.path, 'of-broken.db')
  const failed = await backup('create', target, broken)
  expect(failed.code).toBe(1)
  expect(failed.err.trimEnd()).not.toContain('\n')
  expect(readdirSync(folder.path).filter((name) => name.startsWith('of-broken'))).toEqual([])
})

test('a backup is consistent while messages are appended', async () => {
  const busy = join(folder.path, 'busy.db')
  const made: string[] = []
  const log = openUnlimitedHistory(
    data,
    clockAt(() => NOW),
  )
  const done = new AbortController()
  const appending = (async () => {
    while (!done.signal.aborted) {
      const pair = entries.messages({ data: 'x'.repeat(2000) }, {})
      await log.append(channel, pair)
      made.push(...pair.map(({ message }) => message.serial))
    }
  })()
  const before = made.length
  const { code } = await latchkey(['backup', 'create', busy, '--data', data])
  done.abort()
  await appending
  log.close()
  expect(code).toBe(0)
  const into = anotherFolder('busy')
  expect((await backup('restore', busy, into)).code).toBe(0)
  const found = serials(into)
  expect(found.slice(0, 1)).toEqual([first])
  expect(found.slice(1)).toEqual(made.slice(0, found.length - 1))
  expect(found.length - 1).toBeGreaterThanOrEqual(before)
  // Both messages of an append, or none.
  expect((found.length - 1) % 2).toBe(0)
})

describe('restoring', () => {
  test('puts the history in place and keeps the old one', async () => {
    const later = add()
    const { code, out } = await backup('restore', file)
    expect(code).toBe(0)
    expect(serials(data)).toEqual([first])
    const kept = /and (\S+history\.db\.replaced-\d+)/.exec(out)![1]!
    const old = anotherFolder('old')
    copyFileSync(kept, join(old, 'history.db'))
    expect(serials(old)).toContain(later)
  })

  test('leaves the history alone if the backup has none', async () => {
    const small = join(folder.path, 'smaller.db')
    await backup('create', small, data, '--without-history')
    const second = add()
    expect((await backup('restore', small)).code).toBe(0)
    expect(serials(data)).toEqual([first, second])
  })

  test.each<[string, (path: string) => void, string]>([
    ['empty', (path) => truncateSync(path, 0), 'not one of latchkey'],
    ['cut short', (path) => truncateSync(path, 9000), ''],
    ['not a database', (path) => writeFileSync(path, 'x'.repeat(8192)), 'is not a usable backup'],
  ])('refuses one that is %s, and changes nothing', async (name, hurt, text) => {
    const path = join(folder.path, `${name.replaceAll(' ', '-')}.db`)
    copyFileSync(file, path)
    copyFileSync(`${file}.history`, `${path}.history`)
    hurt(`${path}.history`)
    const before = serials(data)
    for (const verb of ['verify', 'restore']) {
      const { code, out, err } = await backup(verb, path)
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toContain(`${path}.history`)
      expect(err).toContain(text)
      expect(err.trimEnd()).not.toContain('\n')
    }
    expect(serials(data)).toEqual(before)
  })
})
