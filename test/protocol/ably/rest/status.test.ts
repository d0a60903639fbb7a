/** The status of a channel, and the list of channels. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody, linksOf } from '../../../support/ably-app.ts'
import { EventReader } from '../../../support/event-reader.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
})
beforeEach(async () => {
  app = await AblyApp.make(server.url, [{ 'a:*': ['channel-metadata'], b: ['publish'] }], [], {
    channels: [{ name: 'a:crew', presence: [{ clientId: 'ann' }, { clientId: 'bob' }] }],
  })
})
afterAll(() => server.end())

const METRICS = {
  connections: 0,
  publishers: 0,
  subscribers: 0,
  presenceConnections: 0,
  presenceMembers: 0,
  presenceSubscribers: 0,
  objectPublishers: 0,
  objectSubscribers: 0,
}

const statusOf = (name: string, metrics: object) => ({
  channelId: name,
  name,
  status: { isActive: true, occupancy: { metrics: { ...METRICS, ...metrics } } },
})

describe('the status of a channel', () => {
  test.each([false, true])(
    'is read by the published client, binary %p',
    async (useBinaryProtocol) => {
      const client = app.client({ useBinaryProtocol })
      expect(await client.channels.get('a:crew').status()).toMatchObject(
        statusOf('a:crew', { presenceMembers: 2 }),
      )
      expect(await client.channels.get('new').status()).toMatchObject(statusOf('new', {}))
    },
  )

  test('has the documented shape, in either format', async () => {
    for (const binary of [false, true]) {
      const { status, body } = await app.ask('/channels/never%20used', { binary })
      expect([status, body]).toEqual([200, statusOf('never used', {})])
    }
  })

  test.each([
    '/channels/none',
    '/channels/none/messages',
    '/channels/none/presence',
    '/channels/none/presence/history',
    '/presence?channels=none,neither',
    '/chat/v4/rooms/none/occupancy',
    '/chat/v4/rooms/none/messages',
  ])('is read without opening a channel: %s', async (path) => {
    expect((await app.ask(path)).status).toBe(200)
    expect((await app.ask<string[]>('/channels')).body).toEqual(['a:crew'])
  })

  test('a change of an unknown message opens no channel', async () => {
    const mutable = await AblyApp.make(
      server.url,
      [{ '*': ['*'] }],
      [{ id: 'm', mutableMessages: true }],
    )
    const path = '/channels/m:none/messages/01700000000000-000@abc'
    const change = { method: 'PATCH', body: { data: 'x', action: 1 } }
    const { status, body } = await mutable.ask<ErrorBody>(path, change)
    expect([status, body.error.message]).toEqual([404, 'there is no such message'])
    expect((await mutable.ask<string[]>('/channels')).body).toEqual([])
  })

  test('needs the channel-metadata capability', async () => {
    const as = app.keys[1]!
    expect((await app.ask('/channels/a:crew', { as })).status).toBe(200)
    const { status, body } = await app.ask<ErrorBody>('/channels/b', { as })
    expect([status, body.error.code]).toEqual([401, 40160])
  })
})

describe('the list of channels', () => {
  async function filled(): Promise<void> {
    const channels = ['z', 'c:2', 'c:1', 'ü', 'c']
    await app.ask('/messages', { body: { channels, messages: {} } })
  }

  test('has names in order', async () => {
    await filled()
    const { body } = await app.ask<string[]>('/channels')
    expect(body).toEqual(['a:crew', 'c', 'c:1', 'c:2', 'z', 'ü'])
  })

  test('can be filtered by prefix, and comes in pages', async () => {
    await filled()
    expect((await app.ask<string[]>('/channels?prefix=c:')).body).toEqual(['c:1', 'c:2'])
    for (const limit of [1, 2, 3, 5, 6]) {
      const pages = await app.pages<string>(`/channels?limit=${limit}`)
      expect(pages.flat()).toEqual(['a:crew', 'c', 'c:1', 'c:2', 'z', 'ü'])
      expect(pages.every((page) => page.length <= limit && page.length > 0)).toBe(true)
    }
    const { headers } = await app.ask('/channels?limit=2&prefix=c')
    expect(linksOf(headers).get('next')).toMatch(
      /^\.\/channels\?limit=2&prefix=c&cursor=\w+&page=next$/,
    )
  })

  test('has details if asked for, and for older versions', async () => {
    const expected = [statusOf('a:crew', { presenceMembers: 2 })]
    expect((await app.ask<unknown[]>('/channels?by=value')).body).toEqual(expected)
    const old = { headers: { 'x-ably-version': '1.2' } }
    expect((await app.ask<unknown[]>('/channels', old)).body).toEqual(expected)
    expect((await app.ask<unknown[]>('/channels?by=id', old)).body).toEqual(['a:crew'])
  })

  test('leaves out meta channels', async () => {
    const key = encodeURIComponent(app.keys[0]!)
    const reader = await EventReader.open(
      `${server.url}/sse?channels=[meta]channel.lifecycle&v=2&key=${key}`,
    )
    await filled()
    expect((await reader.next()).data).toContain('channel.opened')
    expect((await app.ask<string[]>('/channels')).body).not.toContain('[meta]channel.lifecycle')
    reader.leave()
  })

  test('leaves out channels of other apps', async () => {
    const other = await AblyApp.make(server.url)
    expect((await other.ask<string[]>('/channels')).body).toEqual([])
  })

  test.each([
    ['limit=0', 40003],
    ['by=name', 40003],
    ['cursor=.', 40011],
  ])('is refused with %s', async (query, code) => {
    const { status, body } = await app.ask<ErrorBody>(`/channels?${query}`)
    expect([status, body.error.code]).toEqual([400, code])
  })

  test('needs the capability on all channels', async () => {
    const { status, body } = await app.ask<ErrorBody>('/channels', { as: app.keys[1]! })
    expect([status, body.error.code]).toEqual([401, 40160])
  })
})
