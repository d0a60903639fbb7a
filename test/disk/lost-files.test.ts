/** Files of the data folder that vanish: noticed while the server runs and when it starts, and never papered over. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AblyApp } from '../support/ably-app.ts'
import { Clients } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { RestartableServer } from '../support/restartable.ts'

const RULES = [{ id: 'kept', persisted: true }]

let server: RestartableServer
let app: AblyApp
let clients: Clients
beforeEach(async () => {
  server = await RestartableServer.start('--sandbox')
  app = await AblyApp.make(server.url, [], RULES)
  clients = new Clients(() => server)
})
afterEach(async () => {
  clients.end()
  await server.end()
})

const inData = (name: string) => join(server.folder, name)
const publish = async (channel: string, data: string) => {
  const { status, body } = await app.ask<{ error?: { code: number } }>(
    `/channels/${channel}/messages`,
    { body: { data } },
  )
  return { status, code: body.error?.code }
}
const problems = () => server.logs.filter(({ level }) => level === 'ERROR' || level === 'FATAL')
/** How many files a process may open is a matter of the machine. */
const warnings = () =>
  server.logs
    .filter(({ level, message }) => level === 'WARN' && message !== 'few files may be open')
    .map(({ message }) => String(message))

describe.each(['history.db', 'history.db-wal'])('%s is lost while the server runs:', (name) => {
  test('is reported once, also while nobody writes', async () => {
    await publish('kept:a', 'one')
    rmSync(inData(name))
    await eventually(() => problems().length > 0, 'it is told')
    expect(problems()[0]!['error']).toContain('was removed or replaced while the server runs')
    const { channels } = await clients.connected({ key: app.keys[0]! })
    const heard: unknown[] = []
    await channels.get('kept:a').subscribe(({ data }) => void heard.push(data))
    for (let i = 0; i < 3; i++) {
      expect(await publish('kept:a', 'lost')).toEqual({ status: 500, code: 50000 })
      const nack = channels.get('kept:a').publish('n', 'lost')
      expect(await nack.catch((error: { code: number }) => error.code)).toBe(50000)
      expect((await publish('open', 'memory')).status).toBe(201)
    }
    // A message that cannot be kept is not delivered.
    expect(heard).toEqual([])
    expect(problems()).toHaveLength(1)
    // Settings are not affected.
    expect((await app.ask('/push/deviceRegistrations')).status).toBe(200)
    await server.stop()
  })
})

test('a history that is put back is used again', async () => {
  await publish('kept:a', 'one')
  renameSync(inData('history.db'), inData('aside'))
  await eventually(async () => (await publish('kept:a', 'lost')).status === 500, 'it is noticed')
  renameSync(inData('aside'), inData('history.db'))
  await eventually(async () => (await publish('kept:a', 'two')).status === 201, 'it is found')
})

test('lost settings are not written, and the server keeps what it knows', async () => {
  rmSync(inData('latchkey.db'))
  const refused = await app.ask<{ error: { code: number; message: string } }>(
    '/push/deviceRegistrations/x',
    { method: 'DELETE' },
  )
  expect({ status: refused.status, code: refused.body.error.code }).toEqual({
    status: 503,
    code: 50003,
  })
  expect(refused.body.error.message).toContain('it was removed or replaced')
  expect((await publish('kept:a', 'kept')).status).toBe(201)
  expect((await publish('open', 'memory')).status).toBe(201)
  await eventually(() => problems().length > 0, 'it is told')
})

describe('between two runs', () => {
  test('a lost history is reported once, at the start', async () => {
    await publish('kept:a', 'one')
    await server.stop()
    rmSync(inData('history.db'))
    await server.start()
    expect(warnings()).toContain('history is missing that was kept before')
    expect((await publish('kept:a', 'two')).status).toBe(201)
    await server.restart()
    expect(warnings()).not.toContain('history is missing that was kept before')
  })

  test('a lost write-ahead log is reported too', async () => {
    await publish('kept:a', 'one')
    // The mark is written every few seconds.
    const { Database } = await import('bun:sqlite')
    const look = new Database(inData('latchkey.db'), { readonly: true })
    const isMarked = () =>
      look.query("SELECT 1 FROM facts WHERE name = 'history-position'").get() !== null
    await eventually(isMarked, 'it is written down')
    look.close()
    await server.kill()
    rmSync(inData('history.db-wal'))
    rmSync(inData('history.db-shm'), { force: true })
    await server.start()
    expect(warnings()).toContain('history is missing that was kept before')
    const { body } = await app.ask<{ data: string }[]>('/channels/kept:a/messages')
    expect(body).toEqual([])
    // Positions continue, so that no new message is taken for an old one.
    expect((await publish('kept:a', 'two')).status).toBe(201)
  })

  test('nothing is reported if nothing is missing, also after a kill', async () => {
    await publish('kept:a', 'one')
    await server.kill()
    await server.start()
    await server.restart()
    expect(warnings()).toEqual([])
  })

  test('lost settings beside a history are reported', async () => {
    await publish('kept:a', 'one')
    await server.stop()
    rmSync(inData('latchkey.db'))
    await server.start()
    expect(warnings()).toContain('settings are missing: there is history of apps that nobody knows')
  })
})

test('only the start that made the root key reports it', async () => {
  const said = () => server.logs.filter(({ message }) => /root key was made/.test(String(message)))
  expect(said()).toHaveLength(1)
  await server.restart()
  expect(said()).toEqual([])
})
