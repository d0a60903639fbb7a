/** Clients of several versions on one wire (V-1 to V-4). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client } from '../../support/client.ts'
import { IttyClient, freshChannel, joinAll, reserve } from '../../support/itty.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.end())

/** What a watcher with this query sees of its own join, of a join and of a leave. */
async function seenBy(base: string, query: string): Promise<unknown[]> {
  const channel = base + freshChannel()
  const [watcher, visitor] = await joinAll(channel, [query, 'announce=true&as=V'])
  visitor.sendJson('hello')
  await watcher.message('hello')
  visitor.close()
  await watcher.next((frame) => frame['type'] === 'leave')
  watcher.close()
  return watcher.raw.map((raw) =>
    raw
      .replace(/"date":\d+/, '"date":0')
      .replaceAll(watcher.uid, 'W')
      .replaceAll(visitor.uid, 'V'),
  )
}

const current = [
  '{"type":"join","self":true,"uid":"W","total":1,"date":0}',
  '{"type":"join","uid":"V","alias":"V","total":2,"date":0}',
  '{"message":"hello","uid":"V","alias":"V","date":0}',
  '{"type":"leave","uid":"V","alias":"V","total":1,"date":0}',
]
const legacy = [
  '{"type":"join","users":1,"total":1,"date":0}',
  '{"type":"join","uid":"V","alias":"V","users":2,"total":2,"date":0}',
  '{"message":"hello","uid":"V","alias":"V","date":0}',
  '{"type":"leave","uid":"V","alias":"V","users":1,"total":1,"date":0}',
]

describe('versions', () => {
  test('V-1 the client of 0.6 is served the shapes of 0.9', async () => {
    const channel = server.sockets + freshChannel()
    const client = await IttyClient.join(channel, { as: 'Old', announce: true, list: true })
    expect(client.events[0]).toMatchObject({
      self: true,
      total: 1,
      users: [{ uid: client.uid, alias: 'Old', self: true }],
    })
  })

  test('V-2 nobody gets a numeric users unless asked for', async () => {
    expect(await seenBy(server.sockets, '')).toEqual(current)
  })

  test('V-2 the option legacy adds it for one socket', async () => {
    expect(await seenBy(server.sockets, 'legacy=true')).toEqual(legacy)
  })

  test('V-2 --legacy-users adds it for every socket without list', async () => {
    const old = await startTestServer({ 'legacy-users': 'true' })
    expect(await seenBy(old.sockets, '')).toEqual(legacy)
    expect(await seenBy(old.sockets, 'list=true')).toEqual([
      '{"type":"join","self":true,"uid":"W","users":[],"total":1,"date":0}',
      ...current.slice(1),
    ])
    await old.end()
  })

  test('V-2 a reservation decides for its own channels', async () => {
    await reserve(server, 'old', { legacyUsers: true })
    expect(await seenBy(`${server.sockets}old:`, '')).toEqual(legacy)
    const old = await startTestServer({ 'legacy-users': 'true' })
    await reserve(old, 'new', { legacyUsers: false })
    expect(await seenBy(`${old.sockets}new:`, '')).toEqual(current)
    await old.end()
  })

  test('V-2 both kinds share a channel', async () => {
    const channel = server.sockets + freshChannel()
    const [old, modern, third] = await joinAll(channel, ['legacy=1', '', ''])
    third.close()
    for (const client of [old, modern]) await client.next((frame) => frame['type'] === 'leave')
    expect(old.frames.map((frame) => frame['users'])).toEqual([1, 2, 3, 2])
    expect(modern.frames.map((frame) => frame['users'])).toEqual([undefined, undefined, undefined])
    old.sendJson('one')
    const { uid } = await modern.message('one')
    modern.sendDirect(String(uid), 'two')
    await old.message('two')
  })

  test('V-3 a URL typed as a plain string keeps the recipient of the typed client', async () => {
    const url: string = server.sockets + freshChannel()
    const target = await IttyClient.join(url)
    const sender = await IttyClient.join(url)
    sender.socket.send('typed', target.uid)
    await target.message('typed')
  })

  test('V-4 an apiKey means nothing here', async () => {
    const channel = server.sockets + freshChannel()
    const client = await Client.join(`${channel}?apiKey=x`)
    const other = await Client.join(channel)
    expect(other.frames[0]!['total']).toBe(2)
    client.close()
  })
})
