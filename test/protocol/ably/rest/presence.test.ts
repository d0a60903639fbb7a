/** Presence over REST: who is there, who came, and the same for many channels at once. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody } from '../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp

const CREW = [
  { clientId: 'ann', data: '{ "at": "the desk"}' },
  { clientId: 'bob', data: '{"at":"home"}', encoding: 'json' },
  { clientId: 'cyd' },
  { clientId: 'dan', data: 'AQI=', encoding: 'cipher+aes-128-cbc/base64' },
  { clientId: 'eve', data: 'there' },
]

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(
    server.url,
    [{ crew: ['subscribe'], 'a,b': ['subscribe'], other: ['publish', 'presence'] }],
    [],
    {
      channels: [
        { name: 'crew', presence: CREW },
        { name: 'a,b', presence: [{ clientId: 'zoe' }] },
      ],
    },
  )
})
afterAll(() => server.end())

interface WirePresence {
  readonly id: string
  readonly action: number
  readonly clientId: string
  readonly connectionId: string
  readonly timestamp: number
  readonly data?: string
  readonly encoding?: string
}

const ask = (query = '') => app.ask<WirePresence[]>(`/channels/crew/presence${query}`)
const namesOf = (members: readonly WirePresence[]) => members.map(({ clientId }) => clientId)

describe.each([false, true])('with useBinaryProtocol %p', (useBinaryProtocol) => {
  test('members are read with their data', async () => {
    const { presence } = app.client({ useBinaryProtocol }).channels.get('crew')
    const { items } = await presence.get()
    expect(items).toMatchObject([
      { clientId: 'ann', data: '{ "at": "the desk"}', action: 'present' },
      { clientId: 'bob', data: { at: 'home' } },
      { clientId: 'cyd' },
      { clientId: 'dan', data: Buffer.from([1, 2]), encoding: 'cipher+aes-128-cbc' },
      { clientId: 'eve', data: 'there' },
    ])
    expect('data' in items[2]! && items[2].data !== undefined).toBe(false)
    const history = await presence.history({ direction: 'forwards' })
    expect(history.items.map(({ action, clientId }) => [action, clientId])).toEqual(
      CREW.map(({ clientId }) => ['enter', clientId]),
    )
  })

  test('many channels are read at once, each with its own result', async () => {
    const client = app.client({ useBinaryProtocol, key: app.keys[1]! })
    // One result and not a list of them, whatever the types say (RSC24).
    const result: unknown = await client.batchPresence(['crew', 'other', 'nowhere'])
    expect(result).toMatchObject({ successCount: 1, failureCount: 2 })
    const [crew, other] = (result as { results: object[] }).results
    expect(crew).toMatchObject({ channel: 'crew', presence: CREW.map(() => ({ action: 1 })) })
    expect('error' in crew!).toBe(false)
    expect(other).toMatchObject({ channel: 'other', error: { code: 40160, statusCode: 401 } })
    expect('presence' in other!).toBe(false)
  })
})

describe('a list of members', () => {
  test('has the connection of each member', async () => {
    const { body } = await ask()
    const connectionId = body[0]!.connectionId
    for (const member of body) {
      expect(member).toMatchObject({ action: 1, connectionId, timestamp: expect.any(Number) })
      expect(member.id).toMatch(new RegExp(`^${connectionId}:\\d+:\\d+$`))
    }
    expect(body[3]).toMatchObject({ data: 'AQI=', encoding: 'cipher+aes-128-cbc/base64' })
  })

  test('can be filtered', async () => {
    const { connectionId } = (await ask()).body[0]!
    expect(namesOf((await ask('?clientId=bob')).body)).toEqual(['bob'])
    expect((await ask(`?connectionId=${connectionId}`)).body).toHaveLength(5)
    expect(namesOf((await ask(`?connectionId=${connectionId}&clientId=cyd`)).body)).toEqual(['cyd'])
    expect((await ask('?connectionId=none')).body).toEqual([])
    expect((await ask('?clientId=none')).body).toEqual([])
  })

  test('comes in pages, with every member once', async () => {
    const pages = await app.pages<WirePresence>('/channels/crew/presence?limit=2')
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1])
    expect(namesOf(pages.flat())).toEqual(namesOf((await ask()).body))
  })

  test('is empty on an empty channel', async () => {
    const { body, status } = await app.ask('/channels/nobody/presence')
    expect([status, body]).toEqual([200, [] as never])
  })

  test('needs the subscribe capability', async () => {
    const asked = { as: app.keys[1]! }
    const { status, body } = await app.ask<ErrorBody>('/channels/other/presence', asked)
    expect([status, body.error.code]).toEqual([401, 40160])
  })

  test.each(['limit=0', 'limit=2000', 'cursor=*'])('is refused with %s', async (query) => {
    const { status, body } = await app.ask<ErrorBody>(`/channels/crew/presence?${query}`)
    expect([status, body.error.code]).toEqual([400, 40003])
  })
})

describe('the history of presence', () => {
  const path = '/channels/crew/presence/history'

  test('is newest first, in pages', async () => {
    const pages = await app.pages<WirePresence>(`${path}?limit=3`)
    expect(pages.map(namesOf)).toEqual([
      ['eve', 'dan', 'cyd'],
      ['bob', 'ann'],
    ])
    for (const { action } of pages.flat()) expect(action).toBe(2)
  })

  test('can be bounded', async () => {
    const [first] = (await app.ask<WirePresence[]>(path)).body
    const after = await app.ask(`${path}?start=${first!.timestamp + 1}`)
    expect(after.body).toEqual([] as never)
    expect((await app.ask<unknown[]>(`${path}?end=${first!.timestamp}`)).body).toHaveLength(5)
  })

  test('takes the capability to read history', async () => {
    const { status, body } = await app.ask<ErrorBody>(path, { as: app.keys[1]! })
    expect([status, body.error.code]).toEqual([401, 40160])
  })
})

describe('a batch', () => {
  test.each([
    ['channels=crew,nobody', ['crew', 'nobody']],
    ['channel=crew', ['crew']],
    ['channels=crew|a,b&separator=|', ['crew', 'a,b']],
  ])('%s', async (query, expected) => {
    const { body } = await app.ask<{ results: { channel: string }[] }>(`/presence?${query}`)
    expect(body.results.map(({ channel }) => channel)).toEqual(expected)
  })

  test('before version 3 is a list that fails as a whole', async () => {
    const asked = { as: app.keys[1]!, headers: { 'x-ably-version': '2' } }
    const one = await app.ask<unknown[]>('/presence?channels=crew', asked)
    expect([one.status, one.body]).toMatchObject([200, [{ channel: 'crew' }]])
    const mixed = await app.ask<ErrorBody>('/presence?channels=crew,other', asked)
    expect(mixed.status).toBe(400)
    expect(mixed.headers.get('x-ably-errorcode')).toBe('40020')
    expect(mixed.body).toMatchObject({ error: { code: 40020 }, batchResponse: [{}, {}] })
  })

  test('of an invalid name fails for that name', async () => {
    const { body } = await app.ask<{ results: unknown[] }>('/presence?channels=:bad')
    expect(body.results).toMatchObject([{ channel: ':bad', error: { code: 40010 } }])
  })

  test.each([
    ['', 40003],
    [`?channels=${Array.from({ length: 101 }, (_, i) => i).join(',')}`, 90010],
  ])('%p is refused', async (query, code) => {
    const { status, body } = await app.ask<ErrorBody>(`/presence${query}`)
    expect([status, body.error.code]).toEqual([400, code])
  })
})
