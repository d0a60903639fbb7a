/** What the page about history says of what is kept, for how long, and of a file that cannot be used. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { MAX_WAITING } from '../../src/store/history/group-commit.ts'
import { ServerProcess, run } from '../cli/process.ts'
import { AblyApp } from '../support/ably-app.ts'
import { RestartableServer } from '../support/restartable.ts'
import { temporaryFolder } from '../support/server.ts'
import { readText } from './texts.ts'

const page = readText('src/docs/history.md')
const expectSaid = (sentence: string) => expect(page.text).toContain(sentence)

const RULES = [
  { id: 'one', persisted: true },
  { id: 'two', mutableMessages: true },
  { id: 'three', persistLast: true },
]
const CHANNELS = [...RULES.map(({ id }) => `${id}:a`), 'plain:a']

let server: RestartableServer
let app: AblyApp
beforeAll(async () => {
  server = await RestartableServer.start('--sandbox')
  app = await AblyApp.make(server.url, [], RULES)
})
afterAll(() => server.end())

/** What each channel remembers. */
async function remembered(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {}
  for (const channel of CHANNELS) {
    const { body } = await app.ask<{ data: string }[]>(`/channels/${channel}/messages`)
    found[channel] = body.map(({ data }) => data)
  }
  return found
}

test('kept messages survive a crash, and those in memory a restart', async () => {
  expectSaid('`persisted`, `mutableMessages` and `persistLast` each do')
  expectSaid('What is in memory outlives a [restart](operations.md#starting-again)')
  for (const data of ['first', 'second'])
    for (const channel of CHANNELS)
      expect((await app.ask(`/channels/${channel}/messages`, { body: { data } })).status).toBe(201)
  const all = Object.fromEntries(CHANNELS.map((channel) => [channel, ['second', 'first']]))
  expect(await remembered()).toEqual(all)
  await server.restart()
  expect(await remembered()).toEqual(all)
  await server.kill()
  await server.start()
  expect(await remembered()).toEqual({ ...all, 'plain:a': [] })
})

test('a deleted app has no history at once', async () => {
  expectSaid('When an app is deleted, its history can no longer be read from that moment on')
  const other = await AblyApp.make(server.url, [], RULES)
  const path = '/channels/one:a/messages'
  expect((await other.ask(path, { body: { data: 'x' } })).status).toBe(201)
  expect((await other.ask(path)).body).toHaveLength(1)
  await other.ask(`/apps/${other.id}`, { method: 'DELETE' })
  expect((await other.ask(path)).status).toBe(401)
})

test('numbers equal those of the source', () => {
  const megabytes = MAX_WAITING.bytes / 1_048_576
  expectSaid(`at most ${megabytes} MiB and ${MAX_WAITING.additions.toLocaleString('en')} publishes`)
})

test('the longest time is a year', async () => {
  const [, most] = /`--history-hours` \(\d+, at most (\d+), which is a year\)/.exec(page.text)!
  expect(Number(most)).toBe(366 * 24)
  const folder = temporaryFolder()
  const checked = (hours: number) =>
    run(['config', 'check', '--data', folder.path, '--history-hours', String(hours)])
  expect((await checked(Number(most))).code).toBe(0)
  const refused = await checked(Number(most) + 1)
  expect(refused.err).toBe(`latchkey: --history-hours must be at most ${most}\n`)
  folder.remove()
})

test('a history that cannot be opened stops the start, and without it a new one is made', async () => {
  expectSaid('A `history.db` that cannot be opened stops the start with a line that says so')
  const folder = temporaryFolder()
  const path = join(folder.path, 'history.db')
  await Bun.write(path, 'this is no database '.repeat(500))
  const failed = new ServerProcess(['--data', folder.path])
  expect(await failed.exited()).toBe(1)
  expect(failed.err).toBe(`latchkey: ${path} cannot be opened: it is damaged, or no database\n`)
  renameSync(path, `${path}.old`)
  const started = await ServerProcess.start(['--data', folder.path])
  expectSaid('Beside it lies `history.db-wal`')
  expect(readdirSync(folder.path)).toContain('history.db-wal')
  await started.end()
  expect(existsSync(path)).toBe(true)
  folder.remove()
})
