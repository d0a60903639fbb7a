/** What stays in `history.db` and for how long: hours, the last message of a channel, the disk budget. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { HistoryEntry, Page } from '../../../src/core/history/history.ts'
import { type ChannelRef, channelRef } from '../../../src/core/types.ts'
import { Entries, NOW } from '../../suite/history-entries.ts'
import { eventually } from '../../support/client.ts'
import { OpenedLog } from './opened.ts'

const HOUR = 3_600_000
const MIB = 1_048_576
const FORWARDS: Page = { direction: 'forwards', limit: 10_000 }
const channel = channelRef('app', 'channel')

let opened: OpenedLog
let entries: Entries
beforeEach(() => {
  opened = new OpenedLog()
  entries = new Entries()
})
afterEach(() => opened.end())

/** Another history, in the place of the one that each test gets. */
function open(options: ConstructorParameters<typeof OpenedLog>[0]): void {
  opened.end()
  opened = new OpenedLog(options)
}

const append = (ref: ChannelRef, made: readonly HistoryEntry[]) => opened.log.append(ref, made)
const serials = (ref = channel) =>
  opened.log.messages(ref, FORWARDS).items.map(({ serial }) => serial)
const clients = () => opened.log.presence(channel, FORWARDS).items.map(({ clientId }) => clientId)

/** What the file says that apps take up, and what they do. */
const usage = () => bytesBy('SELECT realm, bytes FROM realms')
const counted = () =>
  bytesBy(
    `SELECT realm, sum(bytes) AS bytes FROM (
       SELECT channel, length(body) + 120 AS bytes FROM entries
       UNION ALL SELECT channel, length(v.body) + 120 FROM versions v JOIN entries e ON e.id = entry
       UNION ALL SELECT channel, length(a.body) + 120 FROM annotations a JOIN entries e ON e.id = entry
     ) JOIN channels c ON c.id = channel GROUP BY realm`,
  )

function bytesBy(sql: string): Record<string, number> {
  const rows = opened.file.sqlite.query(sql).all() as { realm: string; bytes: number }[]
  return Object.fromEntries(rows.map(({ realm, bytes }) => [realm, bytes]))
}

describe('the time limit', () => {
  test('removes what is older than the limit, and nothing else', async () => {
    open({ hours: 2 })
    const made = [-1, 0, 1].map((offset) => entries.message({ timestamp: NOW + offset }))
    await append(channel, [
      ...entries.presence({ clientId: 'old', timestamp: NOW - 1 }),
      ...made,
      ...entries.presence({ clientId: 'new', timestamp: NOW + 1 }),
    ])
    opened.now = NOW + 2 * HOUR
    opened.tidy()
    expect(serials()).toEqual(made.slice(1).map(({ message }) => message.serial))
    expect(clients()).toEqual(['new'])
    opened.now += 2
    opened.tidy()
    expect(opened.count('entries')).toBe(0)
    expect(opened.count('channels')).toBe(0)
  })

  test('is counted from the creation of a message, and removes versions and annotations with it', async () => {
    const { message, position } = entries.message()
    await append(channel, [{ kind: 'message', message, position }])
    opened.now += 23 * HOUR
    const changed = entries.version(message, { at: opened.now })
    const annotation = entries.annotation(changed.message, { timestamp: opened.now })
    await append(channel, [changed, annotation])
    opened.tidy()
    expect(opened.count('versions') + opened.count('annotations')).toBe(2)
    opened.now += 2 * HOUR
    opened.tidy()
    for (const table of ['channels', 'entries', 'versions', 'annotations'] as const)
      expect([table, opened.count(table)]).toEqual([table, 0])
  })

  test('does not wait for an entry dated in the future', async () => {
    await append(channel, [entries.message({ timestamp: NOW + 1000 * HOUR })])
    const old = entries.messages({}, {})
    await append(channel, old)
    opened.now += 25 * HOUR
    opened.tidy()
    expect(serials()).toHaveLength(1)
  })

  test('removes everything in a few bounded steps', async () => {
    await append(channel, entries.messages(...Array.from({ length: 900 }, () => ({}))))
    opened.now += 25 * HOUR
    let before = opened.count('entries')
    for (let more = true; more;) {
      more = opened.log.retention.step()
      const after = opened.count('entries')
      expect(before - after).toBeLessThanOrEqual(300)
      before = after
    }
    expect(before).toBe(0)
  })

  test('removes a message with very many annotations in several steps', async () => {
    const { message, position } = entries.message()
    await append(channel, [
      { kind: 'message', message, position },
      ...Array.from({ length: 700 }, () => entries.annotation(message)),
    ])
    opened.now += 25 * HOUR
    expect(opened.log.retention.step()).toBe(true)
    expect(opened.count('annotations')).toBe(400)
    expect(opened.tidy()).toBeGreaterThan(1)
    expect(opened.count('annotations') + opened.count('entries')).toBe(0)
  })

  test('lets an emptied channel begin again', async () => {
    await append(channel, [entries.message()])
    opened.now += 25 * HOUR
    opened.tidy()
    const other = channelRef('app', 'other')
    const [mine, theirs] = [entries.message({ timestamp: opened.now }), entries.message()]
    await append(other, [theirs])
    await append(channel, [mine])
    expect(serials()).toEqual([mine.message.serial])
    expect(serials(other)).toEqual([theirs.message.serial])
  })
})

test('a failed step is undone and repeated', async () => {
  await append(channel, entries.messages({}, {}, {}))
  opened.now += 25 * HOUR
  opened.file.sqlite.run(
    "CREATE TRIGGER stuck BEFORE DELETE ON entries WHEN old.id = 3 BEGIN SELECT RAISE(ABORT, 'no'); END",
  )
  expect(() => opened.log.retention.step()).toThrow('no')
  expect(serials()).toHaveLength(3)
  opened.file.sqlite.run('DROP TRIGGER stuck')
  opened.tidy()
  expect(serials()).toEqual([])
})

describe('the last message of a channel whose rule says so', () => {
  beforeEach(() => (opened.keepsLast = ({ name }) => name === 'channel'))

  test('is kept for up to a year', async () => {
    const made = entries.messages({}, {}, {})
    await append(channel, [...made, ...entries.presence()])
    await append(channelRef('app', 'other'), [entries.message()])
    opened.now += 25 * HOUR
    opened.tidy()
    const last = [made[2]!.message.serial]
    expect(serials()).toEqual(last)
    expect(opened.count('entries')).toBe(1)
    opened.now = NOW + 364 * 24 * HOUR
    opened.tidy()
    expect(serials()).toEqual(last)
    opened.now = NOW + 366 * 24 * HOUR
    opened.tidy()
    expect(serials()).toEqual([])
  })

  test('is removed when a newer one comes or the rule changes', async () => {
    const first = entries.message()
    await append(channel, [first])
    opened.now += 25 * HOUR
    opened.tidy()
    const second = entries.message({ timestamp: opened.now })
    await append(channel, [second])
    opened.now += HOUR
    opened.tidy()
    expect(serials()).toEqual([second.message.serial])
    opened.keepsLast = () => false
    opened.now += 25 * HOUR
    opened.tidy()
    expect(serials()).toEqual([])
  })

  test('is kept with its versions and annotations', async () => {
    const { message, position } = entries.message()
    await append(channel, [
      { kind: 'message', message, position },
      entries.version(message),
      entries.annotation(message),
    ])
    opened.now += 25 * HOUR
    opened.tidy()
    expect(opened.count('versions') + opened.count('annotations')).toBe(2)
  })
})

describe('the disk budget', () => {
  const KB10 = 'x'.repeat(10_000)
  const large = () => entries.message({ data: KB10 })

  test('removes the oldest of all channels first, and no more than needed', async () => {
    open({ diskMb: 2 })
    const refs = [0, 1, 2].map((i) => channelRef('app', String(i)))
    const made: string[] = []
    for (let i = 0; i < 300; i++) {
      const entry = large()
      made.push(entry.message.serial)
      await append(refs[i % 3]!, [entry])
    }
    expect(opened.log.disk.usedBytes()).toBeGreaterThan(2.5 * MIB)
    opened.tidy()
    expect(opened.log.disk.usedBytes()).toBeLessThanOrEqual(2 * MIB)
    expect(opened.log.disk.usedBytes()).toBeGreaterThan(2 * MIB - 50_000)
    const left = refs.flatMap((ref) => serials(ref)).toSorted()
    expect(left).toEqual(made.slice(-left.length))
  })

  test('includes presence', async () => {
    open({ diskMb: 1 })
    await append(channel, [
      ...entries.presence(...Array.from({ length: 200 }, () => ({ data: KB10 }))),
      entries.message(),
    ])
    opened.tidy()
    expect(opened.log.disk.usedBytes()).toBeLessThanOrEqual(MIB)
    expect(clients().length).toBeGreaterThan(50)
    expect(serials()).toHaveLength(1)
  })

  test('spares last messages until nothing else is left', async () => {
    open({ diskMb: 1 })
    opened.keepsLast = ({ name }) => name.startsWith('kept')
    const kept = Array.from({ length: 20 }, (_, i) => channelRef('app', `kept ${i}`))
    for (const ref of kept) await append(ref, [large()])
    for (let i = 0; i < 200; i++) await append(channel, [large()])
    opened.tidy()
    expect(kept.filter((ref) => serials(ref).length === 1)).toHaveLength(20)
    const more = Array.from({ length: 200 }, (_, i) => channelRef('app', `kept too ${i}`))
    for (const ref of more) await append(ref, [large()])
    opened.tidy()
    expect(opened.log.disk.usedBytes()).toBeLessThanOrEqual(MIB)
    expect(serials()).toEqual([])
    expect(kept.flatMap((ref) => serials(ref))).toEqual([])
    expect(serials(more.at(-1))).toHaveLength(1)
  })

  /** What is left of so many entries of an app, in the order in which they came. */
  const left = (realm: string) => serials(channelRef(realm, 'channel'))
  async function fill(realm: string, count: number): Promise<string[]> {
    const made = Array.from({ length: count }, large)
    await append(channelRef(realm, 'channel'), made)
    return made.map(({ message }) => message.serial)
  }

  test('removes from the largest share, its oldest first', async () => {
    open({ diskMb: 2 })
    const small = await fill('small', 40)
    const greedy = await fill('greedy', 400)
    const late = await fill('late', 20)
    opened.tidy()
    expect(left('small')).toEqual(small)
    expect(left('late')).toEqual(late)
    const its = left('greedy')
    expect(its.length).toBeGreaterThan(50)
    expect(its).toEqual(greedy.slice(-its.length))
    expect(opened.log.disk.usedBytes()).toBeLessThanOrEqual(2 * MIB)
    expect(opened.log.disk.usedBytes()).toBeGreaterThan(2 * MIB - 50_000)
  })

  test('counts apps of one share together, and removes from the largest of them', async () => {
    open({ diskMb: 2 })
    const small = await fill('small', 60)
    for (let i = 0; i < 40; i++) await fill(`box/${i}`, 10)
    opened.tidy()
    expect(left('small')).toEqual(small)
    const each = Array.from({ length: 40 }, (_, i) => left(`box/${i}`).length)
    expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1)
    expect(Math.max(...each)).toBeLessThan(10)
  })

  test('knows everybody’s use after a restart and a failed write', async () => {
    open({ diskMb: 2 })
    const small = await fill('small', 40)
    await fill('greedy', 100)
    opened.reopen()
    opened.file.sqlite.run(
      "CREATE TRIGGER stuck AFTER INSERT ON entries WHEN new.id > 150 BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    const failed = Array.from({ length: 50 }, large)
    const refused = append(channelRef('small', 'channel'), failed)
    expect(await refused.catch((error: Error) => error.message)).toContain('no')
    opened.file.sqlite.run('DROP TRIGGER stuck')
    await fill('greedy', 100)
    opened.tidy()
    expect(left('small')).toEqual(small)
    expect(usage()).toEqual(counted())
  })

  test('counts changes, removals and forgotten realms', async () => {
    const { message, position } = entries.message({ data: KB10 })
    await append(channel, [{ kind: 'message', message, position }])
    const changed = entries.version(message)
    await append(channel, [changed, entries.annotation(changed.message), ...entries.presence()])
    await fill('gone', 3)
    expect(usage()).toEqual(counted())
    opened.log.forget('gone')
    expect(Object.keys(usage())).toEqual(['app'])
    opened.tidy()
    opened.now += 25 * HOUR
    opened.tidy()
    expect(usage()).toEqual({})
  })

  test('finds entries of one app among very many of others in bounded steps', async () => {
    await append(
      channelRef('small', 'channel'),
      Array.from({ length: 12_000 }, () => entries.message()),
    )
    await fill('greedy', 500)
    opened.diskMbOf = (realm) => (realm === 'greedy' ? 1 : 0)
    expect(opened.tidy()).toBeGreaterThan(3)
    expect(left('greedy').length).toBeLessThan(105)
    expect(left('greedy').length).toBeGreaterThan(80)
    expect(opened.count('entries')).toBe(12_000 + left('greedy').length)
  })

  test('of an app applies to that app only', async () => {
    open({ diskMb: 0 })
    opened.diskMbOf = (realm) => (realm === 'limited' ? 1 : 0)
    const limited = await fill('limited', 200)
    const free = await fill('free', 200)
    opened.tidy()
    expect(left('free')).toEqual(free)
    expect(left('limited').length).toBeGreaterThan(95)
    expect(left('limited')).toEqual(limited.slice(-left('limited').length))
    expect(left('limited').length).toBeLessThan(105)
  })

  test('of 0 is no limit', async () => {
    await append(channel, Array.from({ length: 200 }, large))
    opened.tidy()
    expect(serials()).toHaveLength(200)
  })

  test('shrinks the file after a large removal', async () => {
    const ten = () => Array.from({ length: 10 }, () => entries.message({ data: KB10.repeat(20) }))
    for (let i = 0; i < 12; i++) await append(channel, ten())
    const before = Number(opened.pragma('page_count'))
    opened.now += 25 * HOUR
    opened.tidy()
    expect(opened.count('entries')).toBe(0)
    expect(Number(opened.pragma('page_count'))).toBeLessThan(before - 1000)
    expect(opened.pragma('integrity_check')).toBe('ok')
  })
})

describe('a realm that was forgotten', () => {
  test('is removed from disk in steps, also after a restart', async () => {
    const gone = [0, 1].map((i) => channelRef('gone', String(i)))
    for (const ref of gone) {
      const { message, position } = entries.message()
      await append(ref, [
        { kind: 'message', message, position },
        entries.version(message),
        entries.annotation(message),
        ...entries.messages(...Array.from({ length: 300 }, () => ({}))),
      ])
    }
    await append(channel, [entries.message()])
    opened.log.forget('gone')
    expect(opened.log.retention.step()).toBe(true)
    opened.reopen()
    opened.tidy()
    expect(opened.count('channels')).toBe(1)
    expect(opened.count('entries')).toBe(1)
    expect(opened.count('versions') + opened.count('annotations')).toBe(0)
  })
})

describe('on its own', () => {
  test('retention begins at the start, runs at once after a removal, and ends with closing', async () => {
    await append(channel, [entries.message()])
    await append(channelRef('gone', 'a'), [entries.message({ timestamp: NOW + 24 * HOUR })])
    opened.now += 25 * HOUR
    opened.log.start()
    await eventually(() => opened.count('entries') === 1, 'what has expired is gone')
    opened.log.forget('gone')
    await eventually(() => opened.count('channels') === 0, 'what was forgotten is gone', 3000)
    opened.log.retention.hurry()
    opened.log.close()
    // Long enough for a step that would find the file closed.
    await Bun.sleep(50)
    expect(opened.faults).toEqual([])
    opened.reopen()
  })
})
