/** What the page about operations says of a server that starts, stops and starts again. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { RETURN_MS, STATE_TTL_MS } from '../../src/protocol/ably/realtime/connection/connections.ts'
import { ServerProcess, run, runJson } from '../cli/process.ts'
import { Client, upgradeAnswer } from '../support/client.ts'
import { temporaryFolder } from '../support/server.ts'
import { codeSpans, readText } from './texts.ts'

const page = readText('src/docs/operations.md')
const MANY = ['--connection-rate', '0', '--max-address-connections', '0']

let folder: ReturnType<typeof temporaryFolder>
let data: readonly string[]
const running: ServerProcess[] = []
beforeEach(() => {
  folder = temporaryFolder()
  data = ['--data', folder.path]
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.end()
  folder.remove()
})

async function start(...flags: string[]): Promise<ServerProcess> {
  const server = await ServerProcess.start([...data, ...flags])
  running.push(server)
  return server
}

const state = () => existsSync(join(folder.path, 'running.state'))

/** Joins that are enough for closing them to take a while. */
const crowd = (server: ServerProcess) =>
  Promise.all(Array.from({ length: 400 }, () => Client.join(`${server.sockets}lobby`)))

/** The sentences of the page, without its line breaks. */
function expectSaid(sentence: string): void {
  expect(page.text.replaceAll('\n', ' ')).toContain(sentence)
}

test('the addresses of the first table are served with and without the base path', async () => {
  const addresses = [...page.text.matchAll(/^\| `(\/[a-z]+)` /gm)].map(([, path]) => path!)
  expect(addresses).toEqual(['/health', '/ready', '/metrics'])
  const server = await start('--base-path', '/realtime')
  const { origin } = new URL(server.url)
  for (const path of addresses)
    for (const base of ['', '/realtime'])
      expect([base, path, (await fetch(origin + base + path)).status]).toEqual([base, path, 200])
})

test('metrics have a port of their own with --metrics-port', async () => {
  expectSaid('serves them on a port of their own, and no longer on the main one')
  const other = Bun.serve({ port: 0, fetch: () => new Response() })
  const { port } = other
  await other.stop(true)
  const server = await start('--metrics-port', String(port))
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404)
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200)
})

test('the page names reasons that closes have', () => {
  const sentence = /Reasons of a close are .*?\.\s/.exec(page.text)![0]
  const known = readText('test/public-names/names/close-reasons.txt').text.split('\n')
  const named = codeSpans({ name: '', text: sentence }).filter((span) => /^[a-z_]+$/.test(span))
  expect(named.length).toBeGreaterThan(6)
  const others = named.filter((name) => !known.includes(name))
  // What else is named is an error.
  expect(
    others.filter((name) => !readText('src/docs/errors.md').text.includes(`## ${name}:`)),
  ).toEqual([])
})

describe('a stop', () => {
  test('refuses new clients, closes connected ones with 1012, and exits with 0', async () => {
    expectSaid('each with the error `restarting` and code 1012. Then it exits with 0.')
    const server = await start('--drain-seconds', '3', ...MANY)
    const clients = await crowd(server)
    server.signal('SIGTERM')
    await clients[0]!.until(() => clients.find(({ closed }) => closed !== undefined))
    expect((await fetch(`${server.url}/ready`)).status).toBe(503)
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    expect((await run(['health', ...data])).code).toBe(1)
    expect((await upgradeAnswer(`${server.sockets}late`)).status).toBe(503)
    expect(await server.exited()).toBe(0)
    for (const client of clients) {
      expect((await client.closing()).code).toBe(1012)
      expect(client.frames.at(-1)).toMatchObject({ type: 'error', code: 'restarting' })
    }
  })

  test('ends at once at a second signal, and keeps no state', async () => {
    expectSaid('A second signal ends it at once.')
    expectSaid('A process that is killed, or told twice to stop, leaves none')
    const server = await start('--drain-seconds', '600', ...MANY)
    const clients = await crowd(server)
    server.signal('SIGTERM')
    await clients[0]!.until(() => clients.find(({ closed }) => closed !== undefined))
    server.signal('SIGTERM')
    await server.exited()
    expect(state()).toBe(false)
  })
})

async function publish(server: ServerProcess): Promise<void> {
  const { key } = await runJson<{ key: string }>(['keys', 'add', ...data])
  const answer = await fetch(`${server.url}/channels/lobby/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
    body: '{"data":"x"}',
  })
  expect(answer.status).toBe(201)
}

describe('running.state', () => {
  test('exists between a stop and the next start, if clients can resume', async () => {
    const first = await start()
    await publish(first)
    expect(state()).toBe(false)
    first.signal('SIGTERM')
    expect(await first.exited()).toBe(0)
    expect(state()).toBe(true)
    const second = await start()
    expect(state()).toBe(false)
    expectSaid('A process that is killed')
    second.signal('SIGKILL')
    await second.exited()
    expect(state()).toBe(false)
  })

  test('is not written by a server without clients', async () => {
    expectSaid('if there is anything to go on from')
    const server = await start()
    server.signal('SIGTERM')
    expect(await server.exited()).toBe(0)
    expect(state()).toBe(false)
  })

  test('is valid for as long as the page says', () => {
    expect(STATE_TTL_MS).toBe(120_000)
    expectSaid('A server that starts on the folder within two minutes goes on from it')
    expectSaid(`whoever was present stays so for ${RETURN_MS / 1000} seconds from then on`)
  })
})

test('a start that fails exits with 1, and one with a wrong setting with 2', async () => {
  expectSaid('exits with 1, so that a service manager tries again; a wrong setting exits with 2')
  const server = await start()
  server.signal('SIGTERM')
  await server.exited()
  const wrong = new ServerProcess([...data, '--drain-seconds', '601'])
  running.push(wrong)
  expect(await wrong.exited()).toBe(2)
  expectSaid('an older version refuses a database that a newer one has changed')
  const database = new Database(join(folder.path, 'latchkey.db'))
  const { user_version: version } = database.query('PRAGMA user_version').get() as {
    user_version: number
  }
  database.run(`PRAGMA user_version = ${version + 1}`)
  database.close()
  const older = new ServerProcess([...data])
  running.push(older)
  expect(await older.exited()).toBe(1)
  expect(older.err).toMatch(/^latchkey: .* is newer than this program's .*\n$/)
})

test('the master key may come from the environment, from the first start on', async () => {
  expectSaid(
    '`LATCHKEY_MASTER_KEY` may hold the key, 32 bytes in base64 (`openssl rand -base64 32`)',
  )
  const key = Buffer.alloc(32, 7).toString('base64')
  const server = await ServerProcess.start([...data], { LATCHKEY_MASTER_KEY: key })
  running.push(server)
  expect(readdirSync(folder.path)).not.toContain('master.key')
  server.signal('SIGTERM')
  expect(await server.exited()).toBe(0)
  const without = new ServerProcess([...data])
  running.push(without)
  expect(await without.exited()).toBe(1)
})

test('a backup has two files, and no other file of the folder belongs to it', async () => {
  const server = await start()
  await publish(server)
  const file = join(folder.path, 'one.backup')
  expect((await run(['backup', 'create', file, ...data])).code).toBe(0)
  const made = readdirSync(folder.path).filter((name) => name.startsWith('one.backup'))
  expect(made.toSorted()).toEqual(['one.backup', 'one.backup.history'])
  expectSaid('The files must not exist yet')
  expect((await run(['backup', 'create', file, ...data])).code).toBe(1)
  expectSaid('`--without-history` leaves it out')
  const other = join(folder.path, 'two.backup')
  expect((await run(['backup', 'create', other, '--without-history', ...data])).code).toBe(0)
  expect(existsSync(`${other}.history`)).toBe(false)
})
