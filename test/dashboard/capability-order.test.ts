/** Capabilities are shown and changed in the order, and by the names, in which somebody gave them. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { runJson } from '../cli/process.ts'
import { Clients, known } from '../support/ably.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { DashboardUser } from './dashboard-user.ts'

const GIVEN = '{"zebra:*":["subscribe","publish"],"__proto__":["statistics"],"alpha":["history"]}'

interface Key {
  readonly id: string
  readonly appId: string
  readonly key: string
  readonly capability: object
}

let server: TestServer
let owner: DashboardUser
const clients = new Clients(() => server)
beforeAll(async () => {
  server = await startTestServer()
  owner = await DashboardUser.owner(server)
})
afterAll(async () => {
  clients.end()
  await server.end()
})

const cli = <T>(...words: string[]) => runJson<T>([...words, '--data', server.folder])

/** Where a page of the dashboard says what a key may do. */
async function shown(path: string): Promise<string> {
  const { text } = await owner.get(path)
  return text
    .slice(text.indexOf('What it may do'))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
}

function expectInOrder(text: string, ...words: readonly string[]): void {
  let at = -1
  for (const word of words) {
    at = text.indexOf(word, at + 1)
    expect([word, at >= 0]).toEqual([word, true])
  }
}

const IN_ORDER = ['zebra:*', 'subscribe', 'publish', '__proto__', 'statistics', 'alpha', 'history']

async function stored(id: string): Promise<string> {
  const keys = await cli<Key[]>('keys', 'list')
  return JSON.stringify(keys.find((key) => key.id === id)!.capability)
}

test('a key that the command line made is shown as it was given', async () => {
  const { appId: app, id } = await cli<Key>('keys', 'add', '--capability', GIVEN)
  const text = await shown(`/apps/${app}/keys/${id}`)
  expectInOrder(text, ...IN_ORDER)
  // And once more, as JSON.
  expectInOrder(text.slice(text.indexOf('As JSON')), ...IN_ORDER)
  expectInOrder((await owner.get(`/apps/${app}`)).text, ...IN_ORDER)
})

test('what somebody types as JSON is kept as it was typed', async () => {
  const { appId: app } = await cli<Key>('keys', 'add')
  const form = { name: 'typed', mode: 'json', json: GIVEN }
  const { location } = await owner.post(`/apps/${app}/keys`, form)
  const path = location!
  expectInOrder(await shown(path), ...IN_ORDER)
  const other = '{"b":["presence","publish"],"a":["publish"]}'
  await owner.post(`${path}/edit`, { ...form, json: other })
  expect(await stored(path.split('/').at(-1)!)).toBe(other)
})

test('a change of the name alone leaves the order of privileges', async () => {
  const given = '{"z":["subscribe","publish"],"y":["subscribe","publish"]}'
  const { appId: app, id } = await cli<Key>('keys', 'add', '--capability', given)
  const lists = { mode: 'lists', privilege: ['publish', 'subscribe'], channels: 'z\ny' }
  const path = `/apps/${app}/keys/${id}`
  await owner.post(`${path}/edit`, { name: 'named', ...lists, json: '{}' })
  expect((await owner.get(path)).text).toContain('named')
  expect(await stored(id)).toBe(given)
  await owner.post(`${path}/edit`, { name: 'named', ...lists, channels: 'z\ny\nx', json: '{}' })
  expect(Object.keys(JSON.parse(await stored(id)) as object)).toEqual(['z', 'y', 'x'])
})

test('what has to be confirmed first is kept in its order too', async () => {
  const { appId: app, id, key } = await cli<Key>('keys', 'add')
  const client = await clients.connected({ key: await known(server, key) })
  await client.channels.get('room').attach()
  const path = `/apps/${app}/keys/${id}`
  const less = '{"z":["subscribe","publish"],"b":["history"]}'
  const { text } = await owner.post(`${path}/edit`, { name: '', mode: 'json', json: less })
  expect(text).toContain('do less?')
  const asked = /name="json" value="([^"]*)"/.exec(text)![1]!.replaceAll('&quot;', '"')
  await owner.post(`${path}/edit`, { name: '', mode: 'json', json: asked, confirmed: 'yes' })
  expect(await stored(id)).toBe(less)
})
