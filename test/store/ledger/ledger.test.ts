/** How settings are written while other programs have the file, and what waits for it. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../../../src/failure.ts'
import { type Store, closeStore, openMemoryStore, openStore } from '../../../src/store/database.ts'
import { readFact, writeFact } from '../../../src/store/tables/facts.ts'
import { Ledger } from '../../../src/store/ledger/ledger.ts'
import { eventually } from '../../support/client.ts'
import { lock } from '../../support/disk.ts'
import { temporaryFolder } from '../../support/server.ts'

let folder: ReturnType<typeof temporaryFolder>
let store: Store
let ledger: Ledger
let troubles: unknown[]
beforeEach(() => {
  folder = temporaryFolder()
  store = openStore(folder.path)
  ledger = new Ledger(store, folder.path)
  troubles = []
  ledger.serve((error) => void troubles.push(error))
})
afterEach(async () => {
  await ledger.close()
  closeStore(store)
  folder.remove()
})

const path = (suffix = '') => join(folder.path, `latchkey.db${suffix}`)
/** Starts at once; an exception rejects the promise. */
const commit = async <T>(work: () => T): Promise<T> => ledger.commit(work)
const write = (name: string) => commit(() => writeFact(store, name, Buffer.from('x')))
const isWritten = (name: string) => readFact(store, name) !== undefined
const outcome = (written: Promise<unknown>) =>
  written.then(
    () => 'written',
    (error: Error) => error.message,
  )

describe('a commit', () => {
  test('happens within one turn if nobody holds the file', async () => {
    const committed = commit(() => {
      writeFact(store, 'one', Buffer.from('1'))
      ledger.write(() => writeFact(store, 'two', Buffer.from('2')))
      return 'done'
    })
    await Promise.resolve()
    await Promise.resolve()
    expect([isWritten('one'), isWritten('two')]).toEqual([true, true])
    expect(await committed).toBe('done')
  })

  test('that throws writes nothing, and the next one does', async () => {
    const failed = commit(() => {
      writeFact(store, 'half', Buffer.from('1'))
      throw new Error('no')
    })
    expect(await outcome(failed)).toBe('no')
    expect(isWritten('half')).toBe(false)
    await write('next')
    expect(isWritten('next')).toBe(true)
  })

  test('is announced to caches before it is acknowledged', async () => {
    const told: boolean[] = []
    ledger.watch(() => told.push(isWritten('told') && !store.sqlite.inTransaction))
    await write('told')
    expect(told).toEqual([true])
  })

  test('that come together are all written', async () => {
    const names = Array.from({ length: 500 }, (_, i) => `many ${i}`)
    await Promise.all(names.map(write))
    expect(names.every(isWritten)).toBe(true)
  })
})

describe('work', () => {
  test('that answers with a failure is undone, in a commit and in a write', async () => {
    const failing = (name: string) => () => {
      writeFact(store, name, Buffer.from('1'))
      return fail('invalid')
    }
    expect(await commit(failing('of a commit'))).toEqual(fail('invalid'))
    expect(ledger.write(failing('of a write'))).toEqual(fail('invalid'))
    expect([isWritten('of a commit'), isWritten('of a write')]).toEqual([false, false])
  })

  test('that fails within a commit is undone alone', async () => {
    await commit(() => {
      ledger.write(() => writeFact(store, 'before', Buffer.from('1')))
      ledger.write(() => {
        writeFact(store, 'refused', Buffer.from('1'))
        return fail('invalid')
      })
      expect(() =>
        ledger.write(() => {
          writeFact(store, 'thrown', Buffer.from('1'))
          throw new Error('no')
        }),
      ).toThrow('no')
      ledger.write(() => writeFact(store, 'after', Buffer.from('1')))
    })
    expect(['before', 'refused', 'thrown', 'after'].map(isWritten)).toEqual([
      true,
      false,
      false,
      true,
    ])
  })

  test('is announced once for a whole commit, and not if it concerns this server alone', async () => {
    let times = 0
    ledger.watch(() => times++)
    await commit(() => {
      ledger.write(() => writeFact(store, 'one', Buffer.from('1')))
      ledger.write(() => writeFact(store, 'two', Buffer.from('2')))
    })
    ledger.writeLocal(() => writeFact(store, 'own', Buffer.from('3')))
    expect(times).toBe(1)
    ledger.write(() => writeFact(store, 'three', Buffer.from('3')))
    expect(times).toBe(2)
  })

  test('is answered in the same turn where nothing waits for the disk', () => {
    const memory = openMemoryStore()
    const embedded = new Ledger(memory, undefined)
    expect(embedded.commit(() => 'done')).toBe('done')
    closeStore(memory)
  })
})

describe('while another program holds the file', () => {
  test('commits wait in order and are all written', async () => {
    const held = await lock(path(), 'BEGIN IMMEDIATE')
    const order: number[] = []
    const commits = [1, 2, 3].map((number) => commit(() => order.push(number)))
    await eventually(() => ledger.waiting === 3, 'all wait')
    await held.release()
    await Promise.all(commits)
    expect(order).toEqual([1, 2, 3])
  })

  test('later commits do not overtake waiting ones', async () => {
    const held = await lock(path(), 'BEGIN IMMEDIATE')
    const order: number[] = []
    const first = commit(() => order.push(1))
    await eventually(() => ledger.waiting === 1, 'one waits')
    await held.release()
    const second = commit(() => order.push(2))
    await Promise.all([first, second])
    expect(order).toEqual([1, 2])
  })

  test('a bounded number waits, and others are refused at once', async () => {
    const held = await lock(path(), 'BEGIN IMMEDIATE')
    const outcomes = Array.from({ length: 1200 }, (_, i) => outcome(write(`wish ${i}`)))
    expect(ledger.waiting).toBe(1000)
    expect(await Promise.all(outcomes.slice(1000))).toEqual(
      Array.from({ length: 200 }, () => 'database is locked'),
    )
    await held.release()
    const rest = await Promise.all(outcomes)
    expect(rest.filter((one) => one === 'written')).toHaveLength(1000)
  })

  test('after too long every commit is refused and reported', async () => {
    const held = await lock(path(), 'BEGIN IMMEDIATE')
    expect(await Promise.all([outcome(write('a')), outcome(ledger.ready())])).toEqual([
      'database is locked',
      'database is locked',
    ])
    expect(ledger.waiting).toBe(0)
    expect(troubles.length).toBeGreaterThan(0)
    await held.release()
    expect(isWritten('a')).toBe(false)
    await write('b')
  })

  test('a stopping server refuses waiting commits', async () => {
    const held = await lock(path(), 'BEGIN IMMEDIATE')
    const waiting = outcome(write('late'))
    await eventually(() => ledger.waiting === 1, 'one waits')
    await ledger.close()
    expect(await waiting).toBe('database is locked')
    await held.release()
  })
})

describe('a file that is gone', () => {
  test.each(['', '-wal'])('latchkey.db%s is noticed before anything is written', async (suffix) => {
    await write('before')
    rmSync(path(suffix))
    expect(await outcome(write('lost'))).toContain('was removed or replaced while the server runs')
    await eventually(() => troubles.length > 0, 'it is told also while nobody writes')
  })

  test('that is put back is used again', async () => {
    await write('before')
    renameSync(path(), path('.aside'))
    expect(await outcome(write('lost'))).toContain('was removed or replaced')
    renameSync(path('.aside'), path())
    expect(await outcome(write('found'))).toBe('written')
  })
})

test('checkpoints run while others write, and the log is reset', async () => {
  const state = () =>
    store.sqlite.query('PRAGMA wal_checkpoint(NOOP)').get() as { log: number; checkpointed: number }
  let times = 0
  let most = 0
  let last = 0
  for (let i = 0; i < 3000; i++) {
    await ledger.commit(() => writeFact(store, `${i % 50}`, randomBytes(8000)))
    const { log } = state()
    if (log < last) times++
    last = log
    most = Math.max(most, log)
  }
  expect(times).toBeGreaterThan(0)
  // Three times what begins one, so that a slow disk may take its time.
  expect(most).toBeLessThan(6000)
  expect(troubles).toEqual([])
})
