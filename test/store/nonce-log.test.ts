/** Token requests that were answered are remembered on the disk, as long as they could come again and no longer. */
import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NonceStore } from '../../src/identity/nonce-store.ts'
import { StartError } from '../../src/start-error.ts'
import { FileNonceLog, NONCE_FILES } from '../../src/store/nonce-log.ts'
import { SmallDisk } from '../support/disk.ts'
import { temporaryFolder } from '../support/server.ts'
import { clockAt, momentAt } from '../support/clocks.ts'

const KEEP_MS = 1000

let folder: ReturnType<typeof temporaryFolder>
let now: number
const faults: string[] = []

beforeEach(() => {
  folder = temporaryFolder()
  now = 1_700_000_000_000
  faults.length = 0
})
afterEach(() => folder.remove())

function open(): FileNonceLog {
  const clock = clockAt(() => now)
  const onFault = ({ message }: Error) => void faults.push(message)
  return new FileNonceLog({ folder: folder.path, keepMs: KEEP_MS, clock, onFault })
}

const nonce = (short: string, at = now) => ({ keyName: 'app1.root', short, at })
const shorts = (log: FileNonceLog) => log.read().map(({ short }) => short)
const bytes = () =>
  NONCE_FILES.reduce((sum, name) => {
    return sum + (statSync(join(folder.path, name), { throwIfNoEntry: false })?.size ?? 0)
  }, 0)

test('entries can be read by the next process before the log is closed', async () => {
  const log = open()
  expect(log.read()).toEqual([])
  await Promise.all(['a', 'b', 'c'].map((short) => log.append(nonce(short))))
  await log.append(nonce('d'))
  expect(open().read()).toEqual(['a', 'b', 'c', 'd'].map((short) => nonce(short)))
  const stored = NONCE_FILES.map((name) =>
    statSync(join(folder.path, name), { throwIfNoEntry: false }),
  )
  for (const file of stored) if (file) expect(file.mode & 0o777).toBe(0o600)
  await log.close()
})

test('nonces of an earlier process are remembered and forgotten in time', async () => {
  const log = open()
  const before = new NonceStore(KEEP_MS, 2, log)
  for (const id of ['1', '2']) {
    expect(before.remember('app1.root', id, momentAt(now))).toBe('new')
    expect(await before.keep('app1.root', id)).toBe(true)
  }
  const after = new NonceStore(KEEP_MS, 2, open())
  after.restore(open().read(), momentAt(now))
  expect(after.remember('app1.root', '1', momentAt(now + KEEP_MS))).toBe('seen')
  expect(after.remember('app1.root', '3', momentAt(now + KEEP_MS))).toBe('full')
  expect(after.remember('app1.root', '1', momentAt(now + KEEP_MS + 1))).toBe('new')
  await log.close()
})

test('nothing is lost and the files stay bounded, over restarts', async () => {
  let log = open()
  let expected: { short: string; at: number }[] = []
  let most = 0
  for (let round = 0; round < 60; round++) {
    now += 90
    const short = `n${round}`
    await log.append(nonce(short))
    expected = [...expected.filter(({ at }) => at >= now - KEEP_MS), { short, at: now }]
    most = Math.max(most, bytes())
    if (round % 7 !== 0) continue
    await log.close()
    log = open()
    expect(shorts(log).toSorted()).toEqual(expected.map((one) => one.short).toSorted())
  }
  expect(most).toBe(2 * 131_072)
  await log.close()
})

test('files that have grown are reused, and shrink later', async () => {
  const log = open()
  const many = 20_000
  const fill = (round: number) =>
    Promise.all(
      Array.from({ length: many }, (_, i) => log.append(nonce(`r${round}n${i}`.padEnd(64, 'x')))),
    )
  const sizes: number[] = []
  for (let round = 0; round < 6; round++) {
    now += KEEP_MS + 1
    await fill(round)
    sizes.push(bytes())
    expect(open().read()).toHaveLength(many)
  }
  // Both files were used, and nothing was added since.
  expect(new Set(sizes.slice(1)).size).toBe(1)
  for (let round = 0; round < 3; round++) {
    now += KEEP_MS + 1
    await log.append(nonce('quiet'))
  }
  expect(shorts(open())).toEqual(['quiet'])
  expect(bytes()).toBe(2 * 1_048_576)
  await log.close()
})

const disk = SmallDisk.mount(4096)
afterAll(() => disk?.unmount())
test.skipIf(!disk)('a full disk leaves reserved room for some thousand requests', async () => {
  const clock = clockAt(() => now)
  const onFault = ({ message }: Error) => void faults.push(message)
  const log = new FileNonceLog({ folder: disk!.path, keepMs: KEEP_MS, clock, onFault })
  await log.append(nonce('first'))
  disk!.fill(0)
  for (let round = 0; round < 5; round++) {
    now += KEEP_MS + 1
    for (let i = 0; i < 100; i++) await log.append(nonce(`r${round}n${i}`))
  }
  expect(faults).toEqual([])
  const again = new FileNonceLog({ folder: disk!.path, keepMs: KEEP_MS, clock, onFault })
  expect(again.read()).toHaveLength(100)
  await log.close()
})

test('a truncated line affects no other', async () => {
  const log = open()
  await log.append(nonce('a'))
  await log.close()
  const path = join(folder.path, NONCE_FILES[0])
  const text = readFileSync(path, 'latin1').trimEnd()
  writeFileSync(path, `${text}\n${now} app1.ro\xff\x00`, 'latin1')
  const next = open()
  expect(shorts(next)).toEqual(['a'])
  await next.append(nonce('b'))
  await next.append(nonce('c'))
  expect(shorts(open())).toEqual(['a', 'b', 'c'])
  await next.close()
})

test('a failed write is reported, and retried', async () => {
  const log = open()
  log.read()
  rmSync(folder.path, { recursive: true })
  const store = new NonceStore(KEEP_MS, 10, log)
  expect(store.remember('app1.root', '1', momentAt(now))).toBe('new')
  expect(await store.keep('app1.root', '1')).toBe(false)
  expect(faults).toEqual([expect.stringContaining('cannot be written: it does not exist')])
  mkdirSync(folder.path)
  // The request was not answered, so it may be repeated.
  expect(store.remember('app1.root', '1', momentAt(now))).toBe('new')
  expect(await store.keep('app1.root', '1')).toBe(true)
  await log.close()
  expect(log.append(nonce('late'))).rejects.toThrow('closed')
})

test('a folder in the place of a file stops the start', () => {
  mkdirSync(join(folder.path, NONCE_FILES[1]))
  expect(() => open().read()).toThrow(StartError)
})
