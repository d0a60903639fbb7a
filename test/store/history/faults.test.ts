/** When the disk fails: nothing half-written, everybody told, and the history goes on when there is room again. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Page } from '../../../src/core/history/history.ts'
import { channelRef } from '../../../src/core/types.ts'
import { HistoryFault } from '../../../src/core/history/history.ts'
import { Entries } from '../../suite/history-entries.ts'
import { eventually } from '../../support/client.ts'
import { OpenedLog } from './opened.ts'

const channel = channelRef('app', 'channel')
const FORWARDS: Page = { direction: 'forwards', limit: 1000 }
const LARGE = 'x'.repeat(200_000)

let opened: OpenedLog
let entries: Entries
beforeEach(() => {
  opened = new OpenedLog()
  entries = new Entries()
})
afterEach(() => opened.end())

const serials = () => opened.log.messages(channel, FORWARDS).items.map(({ serial }) => serial)
const serialsOf = (made: readonly { message: { serial: string } }[]) =>
  made.map(({ message }) => message.serial)

/** A full file gives the same error as a full disk. */
function fill(): void {
  opened.file.sqlite.run(`PRAGMA max_page_count = ${opened.file.pages() + 20}`)
}

async function outcome(kept: Promise<void>): Promise<unknown> {
  return kept.then(
    () => 'kept',
    (error) => error,
  )
}

describe('a full disk', () => {
  test('refuses an append as a whole, and accepts the next when there is room', async () => {
    const first = entries.messages({}, {})
    await opened.log.append(channel, first)
    const position = opened.log.latestPosition()
    fill()
    const failed = await outcome(
      opened.log.append(channel, [
        ...entries.messages({}, {}),
        entries.version(first[0]!.message, { data: 'changed' }),
        ...entries.messages({ data: LARGE }),
      ]),
    )
    expect(failed).toBeInstanceOf(HistoryFault)
    expect((failed as Error).message).toBe('history.db cannot be written: the disk is full')
    expect(serials()).toEqual(serialsOf(first))
    expect(opened.log.message(channel, first[0]!.message.serial)).toEqual(first[0]!.message)
    expect(opened.log.latestPosition()).toBe(position)
    expect(opened.faults).toEqual([failed as HistoryFault])

    opened.file.sqlite.run('PRAGMA max_page_count = 1000000')
    const next = entries.messages({ data: LARGE })
    await opened.log.append(channel, next)
    expect(serials()).toEqual(serialsOf([...first, ...next]))
    expect(opened.pragma('integrity_check')).toBe('ok')
  })

  test('fails all waiting appends, with one line in the log', async () => {
    fill()
    const kept = [1, 2, 3].map(() =>
      opened.log.append(channelRef('app', 'new'), entries.messages({ data: LARGE })),
    )
    const results = await Promise.all(kept.map(outcome))
    for (const result of results) expect(result).toBeInstanceOf(HistoryFault)
    expect(opened.faults).toHaveLength(1)
    expect(opened.count('channels')).toBe(0)
    // The channel that was begun and undone can be begun again.
    opened.file.sqlite.run('PRAGMA max_page_count = 1000000')
    const ref = channelRef('app', 'new')
    await opened.log.append(ref, [entries.message()])
    opened.reopen()
    expect(opened.log.messages(ref, FORWARDS).items).toHaveLength(1)
  })

  test('crashes nothing if nobody awaits the append', async () => {
    fill()
    void opened.log.append(channel, entries.messages({ data: LARGE }))
    await eventually(() => opened.faults.length > 0, 'the fault is told')
    await Bun.sleep(0)
    expect(serials()).toEqual([])
  })

  test('does not affect reads', async () => {
    const first = entries.messages({})
    await opened.log.append(channel, first)
    fill()
    const failed = outcome(opened.log.append(channel, entries.messages({ data: LARGE })))
    expect(serials()).toEqual(serialsOf(first))
    expect(await failed).toBeInstanceOf(HistoryFault)
  })
})

describe('an entry that cannot be written', () => {
  test('does not affect appends of the same moment', async () => {
    const first = entries.message()
    await opened.log.append(channel, [first])
    const [before, after] = [entries.message(), entries.message()]
    const results = await Promise.all(
      [[before], [entries.message(), first], [after]].map((made) =>
        outcome(opened.log.append(channel, made)),
      ),
    )
    expect(results[0]).toBe('kept')
    expect(results[1]).toBeInstanceOf(HistoryFault)
    expect(results[2]).toBe('kept')
    expect(serials()).toEqual(serialsOf([first, before, after]))
  })

  test('is refused after closing, and waiting appends are written', async () => {
    const waiting = opened.log.append(channel, [entries.message()])
    opened.log.close()
    await waiting
    const late = await outcome(opened.log.append(channel, [entries.message()]))
    expect((late as Error).message).toBe('the history has been closed')
    opened.reopen()
    expect(serials()).toHaveLength(1)
  })

  test('has an error message without data and names', async () => {
    const secret = entries.message({ data: 'secret', name: 'secret' })
    const hidden = channelRef('app', 'secret')
    await opened.log.append(hidden, [secret])
    const fault = (await outcome(opened.log.append(hidden, [secret]))) as HistoryFault
    expect(fault.message).not.toContain('secret')
    expect(String(fault.cause)).not.toContain('secret')
  })
})

describe('a file that became read-only', () => {
  beforeEach(async () => {
    await opened.log.append(channel, [entries.message()])
    opened.file.sqlite.run('PRAGMA query_only = ON')
  })
  afterEach(() => opened.file.sqlite.run('PRAGMA query_only = OFF'))

  test('fails appends and can still be read', async () => {
    const failed = await outcome(opened.log.append(channel, [entries.message()]))
    expect((failed as Error).message).toBe('history.db cannot be written: it is read-only')
    expect(serials()).toHaveLength(1)
  })

  test('forgets nothing and reports it', () => {
    opened.log.forget('app')
    expect(opened.faults[0]?.message).toContain('it is read-only')
    expect(serials()).toHaveLength(1)
  })

  test('cannot be cleaned up, which is reported and retried', async () => {
    opened.now += 25 * 3_600_000
    opened.log.start()
    await eventually(() => opened.faults.length > 0, 'the fault is told')
    expect(opened.faults[0]!.message).toContain('read-only')
    opened.file.sqlite.run('PRAGMA query_only = OFF')
    opened.log.retention.hurry()
    await eventually(() => opened.count('entries') === 0, 'what has expired is gone')
  })
})
