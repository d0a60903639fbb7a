/** Questions of newcomers that pages answer, also when there is nothing to show. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { startServer } from '../../src/server.ts'
import { Clients, known } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { freshChannel, metric } from '../support/itty.ts'
import { type TestServer, latchkey, startTestServer } from '../support/server.ts'
import { PageReader } from './page-reader.ts'
import { DashboardUser } from './dashboard-user.ts'

let server: TestServer
let owner: DashboardUser
let key: string
let appId: string
const clients = new Clients(() => server)

beforeAll(async () => {
  server = await startTestServer()
  owner = await DashboardUser.owner(server)
  key = await known(server, server.addKey({ name: 'site' }))
  appId = key.split('.')[0]!
})
afterEach(() => clients.end())
afterAll(() => server.end())

const publish = (channel: string) =>
  fetch(`${server.url}/channels/${channel}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
    body: '{"data":"kept"}',
  })
const figure = async (title: string) => {
  const { text } = await owner.get('/live')
  const [, number] = text.split(`<dt>${title}</dt><dd>`)
  expect(number).toBeString()
  return Number.parseInt(number!.replaceAll(',', ''))
}

test('metrics do not count connections of the dashboard', async () => {
  const before = await metric(server, 'latchkey_app_channels')
  const connections = await metric(server, 'latchkey_app_connections')
  const page = await PageReader.open(server, owner)
  await page.look('/live/figures')
  await page.look('/live/connections')
  expect(await metric(server, 'latchkey_app_channels')).toBe(before)
  expect(await metric(server, 'latchkey_app_connections')).toBe(connections)
  page.close()
})

test('a search without a result says so', async () => {
  const client = await Client.join(server.sockets + freshChannel())
  const { text } = await owner.get('/live/connections?text=nobody-like-this')
  expect(text).toContain('No connection fits')
  expect(text).not.toContain('Nobody is connected')
  client.close()
})

test('the history of an unused channel is found from the live page', async () => {
  const name = `kept:${freshChannel()}`
  await latchkey(['rules', 'add', 'kept', '--persisted', '--data', server.folder])
  expect((await publish(name)).status).toBe(201)
  const path = `/live?text=${name.slice(0, 8)}`
  expect((await owner.get(path)).text).not.toContain('Quiet channels')
  // As after two minutes, when nothing is in memory any more.
  await server.stop()
  rmSync(join(server.folder, 'running.state'))
  const { stop, url, port } = await startServer({ ...server.config, port: server.port })
  server = { ...server, stop, url, port, end: stop }
  for (const page of ['/live', path]) {
    const { text } = await owner.get(page)
    expect(text).toContain('Quiet channels')
    expect(text).toContain(`>${name}<`)
  }
  expect((await owner.get('/live?text=elsewhere')).text).not.toContain('Quiet channels')
  const query = new URLSearchParams({ name, app: appId })
  expect((await owner.get(`/live/channel?${query}`)).text).toContain('kept')
})

test('"Who gets in?" takes the name of a key, its id with the app, and the whole key', async () => {
  for (const credential of ['site', key.split(':')[0]!, key]) {
    const { text } = await owner.post('/who', { channel: 'lobby', credential })
    expect(text).toContain(key.split(':')[0]!)
    expect(text).not.toContain('no such key')
  }
  await latchkey(['keys', 'add', '--name', 'site', '--data', server.folder])
  const { text } = await owner.post('/who', { channel: 'lobby', credential: 'site' })
  expect(text.toLowerCase()).toContain('several keys have that name')
})

test('connections without a transport are marked', async () => {
  const [open, away] = [await figure('Connections'), await figure('Away, may come back')]
  const socket = new Client(`${server.url.replace('http', 'ws')}/?key=${key}&v=6`)
  await socket.next(({ action }) => action === 4)
  expect(await figure('Connections')).toBe(open + 1)
  // Without CLOSE, so that it can be resumed.
  socket.terminate()
  await eventually(async () => (await figure('Away, may come back')) === away + 1, 'it is away')
  expect(await figure('Connections')).toBe(open)
  expect((await owner.get('/live/connections')).text).toContain('away')
})

test('event streams are counted as in the statistics', async () => {
  const before = await figure('Connections')
  const end = new AbortController()
  const url = `${server.url}/sse?channels=lobby&v=1.2&key=${key}`
  const stream = await fetch(url, { signal: end.signal })
  expect(stream.status).toBe(200)
  expect(await figure('Connections')).toBe(before + 1)
  expect(await figure('Of these event streams')).toBe(1)
  end.abort()
  await eventually(async () => (await figure('Connections')) === before, 'it is gone')
})

test('charts show refused requests beside failed ones', async () => {
  const bad = { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' }
  for (let i = 0; i < 3; i++)
    await fetch(`${server.url}/channels/a/messages`, { method: 'POST', headers: bad, body: '{' })
  await publish('lobby')
  await eventually(
    async () => (await owner.get('/statistics')).text.includes('Requests over REST'),
    'it is counted',
  )
  const { text } = await owner.get('/statistics')
  const chart = text.slice(text.indexOf('Requests over REST'))
  expect(chart.slice(0, 3000)).toMatch(/Succeeded[^]*Refused[^]*Failed/)
})

test('browsers find the icon', async () => {
  const answer = await fetch(`${server.url}/favicon.ico`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toStartWith('image/svg+xml')
})
