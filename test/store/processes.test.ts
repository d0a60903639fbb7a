/** Several processes on one data folder: first starts at once, and processes that are killed while they write. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess, run, runJson } from '../cli/process.ts'
import { eventually, upgradeAnswer } from '../support/client.ts'
import { MAIN, latchkey, temporaryFolder } from '../support/server.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const here = (...argv: string[]) => [...argv, '--data', folder.path]

interface Reservation {
  readonly namespace: string
  readonly joinKey: string | null
}
const reservations = () => runJson<Reservation[]>(here('reservations', 'list'))

/** Whether SQLite finds nothing wrong with the file as it lies there. */
function isWhole(): boolean {
  const database = new Database(join(folder.path, 'latchkey.db'))
  try {
    const result = database.query('PRAGMA integrity_check').get() as { integrity_check: string }
    return result.integrity_check === 'ok'
  } finally {
    database.close()
  }
}

test('simultaneous first starts make one owner, one master key and one database', async () => {
  const names = ['a', 'b', 'c', 'd']
  const results = await Promise.all([
    ...names.map((name) => latchkey(here('reservations', 'add', name, '--join-key', name))),
    // A command that only reads makes no data folder, and would fail if it came first.
    latchkey(here('access-tokens', 'add')),
  ])
  for (const { code, err } of results) expect({ code, err }).toEqual({ code: 0, err: '' })
  const accounts = await runJson<object[]>(here('accounts', 'list'))
  expect(accounts).toHaveLength(1)
  // Each was sealed by a process of its own, so all of them had the same key.
  expect((await reservations()).map(({ joinKey }) => joinKey)).toEqual(names)
  const files = readdirSync(folder.path).filter((name) => !/-(wal|shm)$/.test(name))
  expect(files.toSorted()).toEqual(['latchkey.db', 'master.key'])
})

test('of two servers that start at once on one folder, one serves and one is refused', async () => {
  const servers = [new ServerProcess(here()), new ServerProcess(here())]
  try {
    const listens = (server: ServerProcess) => server.out.includes('127.0.0.1')
    const isDecided = (server: ServerProcess) => listens(server) || server.hasExited
    await eventually(() => servers.every(isDecided), 'both have started or given up')
    expect(servers.filter(listens)).toHaveLength(1)
    const loser = servers.find((server) => !listens(server))!
    expect(await loser.exited()).toBe(1)
    expect(loser.err).toContain('another server is running on the data folder')
  } finally {
    for (const server of servers) await server.end()
  }
})

test('a second server on a served folder is refused, and the first stays in charge', async () => {
  const server = await ServerProcess.start(here())
  try {
    const { code, err } = await latchkey(here('serve', '--port', '0'))
    expect(code).toBe(1)
    expect(err).toBe(`latchkey: another server is running on the data folder ${folder.path}\n`)
    expect((await latchkey(here('health'))).code).toBe(0)
  } finally {
    await server.end()
  }
})

test('commands that are killed while they write leave an intact database', async () => {
  await run(here('accounts', 'list'))
  const environment = { PATH: process.env['PATH'] ?? '', LATCHKEY_MAX_RESERVATIONS: '0' }
  const done = new Set<string>()
  for (let round = 0; round < 3; round++) {
    const children = Array.from({ length: 6 }, (_, i) => {
      const name = `r${round}-${i}`
      const argv = here('reservations', 'add', name, '--join-key', `key of ${name}`)
      const child = Bun.spawn([process.execPath, MAIN, ...argv], {
        env: environment,
        stdio: ['ignore', 'ignore', 'ignore'],
      })
      const ended = child.exited.then((code) => code === 0 && done.add(name))
      return { child, ended }
    })
    // As soon as one is through, the others are anywhere between opening and committing.
    const before = done.size
    await eventually(() => done.size > before, 'one command is through', 15_000)
    for (const { child } of children) child.kill('SIGKILL')
    await Promise.all(children.map(({ ended }) => ended))
    expect(isWhole()).toBe(true)
  }
  const found = await reservations()
  for (const { namespace, joinKey } of found) expect(joinKey).toBe(`key of ${namespace}`)
  for (const name of done) expect(found.map(({ namespace }) => namespace)).toContain(name)
  expect((await run(here('reservations', 'add', 'after'))).code).toBe(0)
})

test('a server that is killed keeps what it has acknowledged, and starts again', async () => {
  const server = await ServerProcess.start(here('--max-reservations', '0'))
  const { token } = await runJson<{ token: string }>(here('access-tokens', 'add'))
  const acknowledged: string[] = []
  const write = async (writer: number) => {
    for (let i = 0; ; i++) {
      const namespace = `w${writer}-${i}`
      const response = await fetch(`${server.url}/v1/accounts/owner/reservations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ namespace, joinKey: `key of ${namespace}` }),
      })
      if (response.status === 201) acknowledged.push(namespace)
    }
  }
  const writers = [0, 1, 2].map((writer) => write(writer).catch(() => {}))
  await eventually(() => acknowledged.length > 30, 'it writes')
  server.signal('SIGKILL')
  await server.exited()
  await Promise.all(writers)
  expect(existsSync(join(folder.path, 'control.sock'))).toBe(true)
  expect((await latchkey(here('channels', 'list'))).err).toContain('no server is running')
  const again = await ServerProcess.start(here())
  try {
    const found = await reservations()
    for (const { namespace, joinKey } of found) expect(joinKey).toBe(`key of ${namespace}`)
    const names = new Set(found.map(({ namespace }) => namespace))
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([])
    expect(isWhole()).toBe(true)
    expect((await upgradeAnswer(`${again.sockets}${acknowledged[0]}/x`)).status).toBe(403)
    expect((await latchkey(here('health'))).code).toBe(0)
  } finally {
    await again.end()
  }
})
