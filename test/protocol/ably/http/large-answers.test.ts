/** Large lists: pages that end early by bytes, answers that are made while their client reads, and those nobody reads. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody, linksOf } from '../../../support/ably-app.ts'
import { ACTION, FrameClient } from '../../../support/ably.ts'
import { eventually } from '../../../support/client.ts'
import { RawSocket } from '../../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp

const BIG = 'y'.repeat(60_000)
/** Together about twice the size of a page. */
const MANY = 70

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'answer-memory-mb': '96' })
  app = await AblyApp.make(
    server.url,
    [],
    [
      { id: 'kept', persisted: true },
      { id: 'mutable', mutableMessages: true },
    ],
  )
  for (const channel of ['plain', 'kept:room']) await fill(channel)
})
afterAll(() => server.end())

async function fill(channel: string): Promise<void> {
  for (let i = 0; i < MANY; i++)
    await app.ask(`/channels/${channel}/messages`, { body: { name: String(i), data: BIG } })
}

interface Item {
  readonly name?: string
  readonly clientId?: string
  readonly data?: string
  readonly serial?: string
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => String(i))

/** All pages of a list; checks that all but the last are of maximal size. */
async function pagesOf(path: string, binary = false): Promise<Item[]> {
  const pages = await app.pages<Item>(`${path}${path.includes('?') ? '&' : '?'}limit=1000`, {
    binary,
  })
  const sizes = pages.map((page) => JSON.stringify(page).length)
  expect(pages.length).toBeGreaterThan(1)
  for (const size of sizes) expect(size).toBeLessThan(2.4e6)
  for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(1.8e6)
  return pages.flat()
}

describe.each([false, true])('with MessagePack %p', (binary) => {
  test.each(['plain', 'kept:room'])('messages of %p come in pages, complete', async (channel) => {
    const forwards = await pagesOf(`/channels/${channel}/messages?direction=forwards`, binary)
    expect(forwards.map(({ name }) => name)).toEqual(upTo(MANY))
    expect(forwards.every(({ data }) => data === BIG)).toBe(true)
    const backwards = await pagesOf(`/channels/${channel}/messages`, binary)
    expect(backwards.map(({ name }) => name)).toEqual(upTo(MANY).toReversed())
  })
})

test('versions and annotations come in pages too', async () => {
  const path = '/channels/mutable:room/messages'
  const { body } = await app.ask<{ serials: string[] }>(path, { body: { data: 'first' } })
  const serial = body.serials[0]!
  for (let i = 0; i < MANY; i++) {
    await app.ask(`${path}/${encodeURIComponent(serial)}`, {
      method: 'PATCH',
      body: { action: 1, name: String(i), data: BIG },
    })
    await app.ask(`${path}/${encodeURIComponent(serial)}/annotations`, {
      body: [{ action: 0, type: 'note:total.v1', name: String(i), data: BIG }],
    })
  }
  const at = `${path}/${encodeURIComponent(serial)}`
  const versions = await pagesOf(`${at}/versions`)
  expect(versions.slice(1).map(({ name }) => name)).toEqual(upTo(MANY))
  const annotations = await pagesOf(`${at}/annotations`)
  expect(annotations.map(({ name }) => name)).toEqual(upTo(MANY))
})

describe('presence', () => {
  let crowd: FrameClient
  beforeAll(async () => {
    crowd = await FrameClient.connected(app, `key=${app.keys[0]}`)
    for (const channel of ['crowd', 'small']) await crowd.attach(channel)
    for (let i = 0; i < MANY; i++)
      crowd.send({
        action: ACTION.PRESENCE,
        channel: 'crowd',
        msgSerial: i,
        presence: [{ action: 2, clientId: String(i).padStart(3, '0'), data: BIG }],
      })
    const presence = [{ action: 2, clientId: 'sam', data: 'here' }]
    crowd.send({ action: ACTION.PRESENCE, channel: 'small', msgSerial: MANY, presence })
    await crowd.until(
      () =>
        crowd
          .all(ACTION.ACK)
          .some(({ msgSerial, count }) => Number(msgSerial) + Number(count) > MANY) || undefined,
    )
  })

  test('members and their history come in pages', async () => {
    const names = upTo(MANY).map((name) => name.padStart(3, '0'))
    const members = await pagesOf('/channels/crowd/presence')
    expect(members.map(({ clientId }) => clientId)).toEqual(names)
    const history = await pagesOf('/channels/crowd/presence/history?direction=forwards')
    expect(history.map(({ clientId }) => clientId)).toEqual(names)
  })

  interface Part {
    readonly channel: string
    readonly presence?: Item[]
    readonly error?: ErrorBody['error']
  }

  test('a batch is answered as far as there is room', async () => {
    const names = [...Array.from({ length: 50 }, (_, i) => `[?x=${i}]crowd`), 'small', 'crowd']
    const channels = names.map(encodeURIComponent).join(',')
    const { status, body } = await app.ask<{ results: Part[] }>(`/presence?channels=${channels}`)
    expect(status).toBe(200)
    expect(body.results.map(({ channel }) => channel)).toEqual(names)
    const full = body.results.filter(({ presence }) => presence?.length === MANY)
    expect(full.length).toBe(3)
    expect(body.results.find(({ channel }) => channel === 'small')!.presence).toMatchObject([
      { clientId: 'sam', data: 'here' },
    ])
    const refused = body.results.filter(({ error }) => error)
    expect(refused).toHaveLength(names.length - full.length - 1)
    for (const { error } of refused) expect(error).toMatchObject({ code: 40009, statusCode: 413 })
    expect(JSON.stringify(body).length).toBeLessThan(20e6)
  })
})

describe('an answer that is made while it is read', () => {
  test('is the same in an envelope, and without a body for HEAD', async () => {
    const path = '/channels/plain/messages?limit=10'
    const { body } = await app.ask<{ response: Item[]; statusCode: number }>(
      `${path}&envelope=json`,
    )
    expect(body.statusCode).toBe(200)
    expect(body.response).toHaveLength(10)
    expect(body.response.every(({ data }) => data === BIG)).toBe(true)
    const head = await app.ask(path, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.body).toBeUndefined()
    expect(linksOf(head.headers).has('next')).toBe(true)
  })

  /** A client that does not read its answer. */
  async function unread(path: string): Promise<RawSocket> {
    const head = (of: string) =>
      `GET ${of} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa(app.keys[0]!)}\r\n\r\n`
    const socket = RawSocket.send(server.port, head('/health'))
    await socket.answer()
    socket.pause()
    socket.write(head(path))
    return socket
  }

  test('waits for its reader within a memory limit', async () => {
    const names = ['crowd', '[?x=1]crowd', '[?x=2]crowd'].map(encodeURIComponent)
    // More than the kernel's buffers hold.
    const path = `/presence?channels=${names.join(',')}`
    const sockets = await Promise.all(Array.from({ length: 5 }, () => unread(path)))
    await eventually(async () => (await app.ask(path)).status === 429, 'there is no room')
    const refused = await app.ask<ErrorBody>(path)
    expect(refused.body.error).toMatchObject({ code: 42910, statusCode: 429 })
    expect(refused.headers.get('retry-after')).toBe('1')
    // Small answers are still sent.
    expect((await app.ask('/channels/small/presence')).status).toBe(200)
    for (const socket of sockets) socket.destroy()
    await eventually(async () => (await app.ask(path)).status === 200, 'there is room again')
  })
})
