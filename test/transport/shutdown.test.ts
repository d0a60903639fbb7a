/** SIGTERM: not ready, no new sockets, everybody told and closed, and an end within the bound. */
import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess } from '../cli/process.ts'
import { Client, eventually, upgradeAnswer } from '../support/client.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { temporaryFolder } from '../support/server.ts'

const folders: ReturnType<typeof temporaryFolder>[] = []
const servers: ServerProcess[] = []
const sockets: RawSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) await server.end()
  for (const folder of folders.splice(0)) folder.remove()
})

async function start(drainSeconds: number): Promise<{ server: ServerProcess; data: string }> {
  const folder = temporaryFolder()
  folders.push(folder)
  const flags = ['--drain-seconds', String(drainSeconds), '--connection-rate', '0']
  const server = await ServerProcess.start(['--data', folder.path, ...flags])
  servers.push(server)
  return { server, data: folder.path }
}

/** A client that does not answer the closing handshake, so that the server has to wait for it. */
async function stubborn(server: ServerProcess): Promise<RawSocket> {
  const socket = await RawSocket.open(`${server.sockets}room`)
  sockets.push(socket)
  await socket.nextText('"self":true')
  return socket
}

/** So many that closing takes a while: 25 every few hundredths of a second. */
function crowd(server: ServerProcess): Promise<Client[]> {
  return Promise.all(
    Array.from({ length: 800 }, (_, i) => Client.join(`${server.sockets}room-${i}`)),
  )
}

const ready = async (server: ServerProcess) => {
  const response = await fetch(`${server.url}/ready`, { headers: { connection: 'close' } })
  return { status: response.status, body: (await response.json()) as object }
}

describe('SIGTERM', () => {
  test('with nobody connected ends at once, with code 0 and a tidy folder', async () => {
    const { server, data } = await start(600)
    expect(existsSync(join(data, 'control.sock'))).toBe(true)
    server.signal('SIGTERM')
    expect(await server.exited()).toBe(0)
    expect(readdirSync(data).toSorted()).toEqual(['history.db', 'latchkey.db', 'master.key'])
    expect(server.err).toBe('')
  })

  test('tells every client, closes it with 1012, and ends with code 0', async () => {
    const { server } = await start(600)
    const clients = await Promise.all(
      Array.from({ length: 40 }, (_, i) => Client.join(`${server.sockets}room-${i % 5}`)),
    )
    server.signal('SIGTERM')
    for (const client of clients) {
      expect(await client.error()).toMatchObject({ code: 'restarting' })
      expect(await client.closing()).toMatchObject({ code: 1012 })
    }
    expect(await server.exited()).toBe(0)
  })

  test('during the shutdown the server is alive, not ready, and refuses new sockets', async () => {
    const { server } = await start(600)
    expect(await ready(server)).toEqual({ status: 200, body: { status: 'ready' } })
    const clients = await crowd(server)
    server.signal('SIGTERM')
    await eventually(async () => (await ready(server)).status === 503, 'not ready')
    const [state, health, metrics, refused] = await Promise.all([
      ready(server),
      fetch(`${server.url}/health`),
      fetch(`${server.url}/metrics`),
      upgradeAnswer(`${server.sockets}room`),
    ])
    expect(state.body).toEqual({ status: 'not ready', reason: 'stopping' })
    expect(health.status).toBe(200)
    expect(await metrics.text()).toContain('latchkey_ready 0')
    expect(refused).toMatchObject({ status: 503, text: 'the server is restarting\n' })
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(clients.some((client) => client.closed === undefined)).toBe(true)
    expect(await server.exited()).toBe(0)
    await eventually(() => clients.every((client) => client.closed?.code === 1012), 'all are told')
  })

  test('a client that never answers delays it no longer than --drain-seconds', async () => {
    const { server } = await start(1)
    const socket = await stubborn(server)
    server.signal('SIGTERM')
    await socket.nextText('"code":"restarting"')
    // The bound is one second; the rest is for a busy machine.
    expect(await server.exited(5000)).toBe(0)
  })

  test('a second signal ends it at once', async () => {
    const { server } = await start(600)
    const clients = await crowd(server)
    server.signal('SIGTERM')
    await eventually(() => clients.some((client) => client.closed !== undefined), 'it has begun')
    server.signal('SIGTERM')
    expect(await server.exited()).toBe(0)
    await eventually(() => clients.every((client) => client.closed !== undefined), 'all are closed')
    const told = clients.filter((client) => client.closed!.code === 1012)
    expect(told.length).toBeLessThan(clients.length)
  })
})

test('SIGINT does the same', async () => {
  const { server } = await start(600)
  const client = await Client.join(`${server.sockets}room`)
  server.signal('SIGINT')
  expect(await client.error()).toMatchObject({ code: 'restarting' })
  expect((await client.closing()).code).toBe(1012)
  expect(await server.exited()).toBe(0)
})
