/** A start that fails says why in one line, closes everything and exits with 1, at whatever step it fails. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { SmallDisk, damage, isRoot, lock, replaceByFolder } from '../support/disk.ts'
import { beginFolder, MAIN, startTestServer, temporaryFolder } from '../support/server.ts'
import { run } from './process.ts'

let folder: ReturnType<typeof temporaryFolder>
let data: string
beforeEach(async () => {
  folder = temporaryFolder()
  data = join(folder.path, 'data')
  beginFolder(data)
})
afterEach(() => folder.remove())

const inData = (name: string) => join(data, name)

interface Ended {
  readonly code: number
  readonly err: string
}

/** Starts a server that is expected to exit. */
async function start(
  flags: readonly string[] = [],
  prefix: readonly string[] = [],
  into = data,
): Promise<Ended> {
  const argv = ['serve', '--host', '127.0.0.1', '--port', '0', '--data', into, ...flags]
  const child = Bun.spawn([...prefix, process.execPath, MAIN, ...argv], {
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: '/',
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const err = await new Response(child.stderr).text()
  return { code: await child.exited, err }
}

function expectFailure({ code, err }: Ended, why: string): void {
  expect({ err, code }).toEqual({ err: expect.stringContaining(why), code: 1 })
  expect(err).toStartWith('latchkey: ')
  // One line, and no stack.
  expect(err.trimEnd().split('\n')).toHaveLength(1)
}

describe('a folder in the place of a file', () => {
  test.each([
    'latchkey.db',
    'latchkey.db-wal',
    'latchkey.db-shm',
    'history.db',
    'history.db-wal',
    'history.db-shm',
    'nonces.0',
    'nonces.1',
    'master.key',
    'running.state',
    'running.state.new',
    'control.sock',
  ])('%s', async (name) => {
    replaceByFolder(inData(name))
    expectFailure(await start(), name.replace(/-(wal|shm)$/, ''))
    // Once this is repaired, the server starts at once.
    renameSync(inData(name), join(folder.path, 'aside'))
    if (name === 'master.key' || name === 'latchkey.db') return
    await startsAgain()
  })

  test('a file in place of the data folder', async () => {
    const file = join(folder.path, 'file')
    writeFileSync(file, '')
    expectFailure(await start([], [], file), 'cannot be made')
  })
})

/** The next start succeeds after a failed one. */
async function startsAgain(): Promise<void> {
  const server = await startTestServer({ data })
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)
  await server.stop()
}

describe('damage', () => {
  const PAGE = 4096

  test.each([
    ['the header', 0, PAGE],
    ['40 KB in the middle', PAGE, 10 * PAGE],
    ['40 KB further on', 20 * PAGE, 10 * PAGE],
    ['all behind the first page', PAGE, 60 * PAGE],
  ])('of latchkey.db: %s', async (_name, offset, bytes) => {
    damage(inData('latchkey.db'), offset, bytes)
    expectFailure(await start(), 'latchkey.db cannot be')
  })

  test.each([
    ['the header', 0, 100],
    ['the schema', 100, PAGE - 100],
    ['all behind the first page', PAGE, 20 * PAGE],
  ])('of history.db: %s', async (_name, offset, bytes) => {
    await startsAgain()
    damage(inData('history.db'), offset, bytes)
    expectFailure(await start(), 'history.db cannot be opened: it is damaged')
  })

  test('of master.key', async () => {
    writeFileSync(inData('master.key'), 'short')
    expectFailure(await start(), 'master.key')
  })
})

describe('a lock of another program', () => {
  test('on latchkey.db', async () => {
    const held = await lock(inData('latchkey.db'), 'BEGIN EXCLUSIVE')
    try {
      expectFailure(await start(), 'latchkey.db cannot be used: another program holds it')
    } finally {
      await held.release()
    }
    await startsAgain()
  })

  test('on history.db', async () => {
    await startsAgain()
    const held = await lock(
      inData('history.db'),
      'PRAGMA locking_mode = EXCLUSIVE',
      'BEGIN EXCLUSIVE',
    )
    try {
      expectFailure(await start(), 'history.db cannot be opened: another program holds it')
    } finally {
      await held.release()
    }
  })
})

describe('another owner', () => {
  const uid = 12_345
  const user = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  const canRun =
    isRoot && Bun.spawnSync([...user, process.execPath, '--version'], { cwd: '/' }).exitCode === 0
  if (!canRun) console.log('skipped: this user cannot act as another')

  test.skipIf(!canRun).each([
    ['latchkey.db', 0o600, 'no permission'],
    ['latchkey.db', 0o644, 'no permission'],
    ['history.db', 0o644, 'no permission'],
    ['master.key', 0o600, 'no permission'],
    ['.', 0o755, 'no permission'],
    ['.', 0o700, 'no permission'],
  ])('of %s with mode %o', async (name, mode, why) => {
    chmodSync(folder.path, 0o755)
    await startsAgain()
    for (const path of [data, ...readdirSync(data).map(inData)]) chownSync(path, uid, uid)
    chownSync(inData(name), 0, 0)
    chmodSync(inData(name), mode)
    expectFailure(await start([], user), why)
    expect(statSync(inData(name)).uid).toBe(0)
  })
})

describe('a disk with too little room', () => {
  const disk = SmallDisk.mount(64)
  disk?.unmount()
  if (!disk) console.log('skipped: this user cannot mount a small disk')

  // In each case another file cannot be written.
  test.skipIf(!disk).each([4, 12, 40, 100, 240, 300, 400])(
    'of %i KB, at the first start',
    async (kib) => {
      const small = SmallDisk.mount(kib)!
      try {
        expectFailure(await start([], [], join(small.path, 'data')), 'the disk is full')
      } finally {
        small.unmount()
      }
    },
  )

  test.skipIf(!disk).each([0, 12, 48, 64, 120])('of %i KB, later', async (kib) => {
    const small = SmallDisk.mount(8192)!
    const full = join(small.path, 'data')
    try {
      beginFolder(full)
      small.fill(kib)
      expectFailure(await start([], [], full), 'the disk is full')
      small.clear()
      const server = await startTestServer({ data: full })
      await server.stop()
    } finally {
      small.unmount()
    }
  })
})

describe('a failed listener', () => {
  test('the port is taken', async () => {
    using taken = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
    const argv = ['--port', String(taken.port)]
    expectFailure(await start(argv), 'is already in use; choose another --port')
  })

  test('the metrics port is taken, and the main port is released', async () => {
    using taken = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
    const argv = ['--metrics-port', String(taken.port)]
    expectFailure(await start(argv), 'is already in use; choose another --metrics-port')
    expect(existsSync(inData('control.sock'))).toBe(false)
  })

  test('the certificate cannot be read', async () => {
    const pem = join(folder.path, 'pem')
    expectFailure(
      await start(['--tls-cert', pem, '--tls-key', pem]),
      'cannot be read: it does not exist',
    )
    writeFileSync(pem, 'no certificate')
    expectFailure(await start(['--tls-cert', pem, '--tls-key', pem]), 'cannot listen on')
  })
})

test('a command waits for a lock, then fails with one line', async () => {
  const held = await lock(inData('latchkey.db'), 'BEGIN EXCLUSIVE')
  const waiting = run(['keys', 'add', '--name', 'late', '--data', data])
  const { code, err } = await waiting
  expect({ code, err }).toEqual({
    code: 1,
    err: `latchkey: ${inData('latchkey.db')} cannot be used: another program holds it\n`,
  })
  await held.release()
  expect((await run(['keys', 'list', '--data', data])).out).not.toContain('late')
  expect((await run(['keys', 'add', '--name', 'late', '--data', data])).code).toBe(0)
})

test('a command on such a folder fails with one line', async () => {
  damage(inData('latchkey.db'), 4096, 40_960)
  const { code, out, err } = await run(['keys', 'list', '--data', data])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^latchkey: .*latchkey\.db cannot be used: it is damaged\n$/)
  const asJson = await run(['keys', 'list', '--data', data, '--json'])
  expect(JSON.parse(asJson.err)).toEqual({ error: expect.stringContaining('it is damaged') })
})
