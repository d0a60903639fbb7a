/** Members as clients see them that attach, ask and read slowly while members change. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type Ably from 'ably'
import { AblyApp } from '../../../../support/ably-app.ts'
import { ACTION, Clients, FrameClient, type ProtocolMessage } from '../../../../support/ably.ts'
import { eventually } from '../../../../support/client.ts'
import { FaultyProxy, seeded } from '../../../../support/faulty-proxy.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

const ENTER = 2
const LEAVE = 3
const UPDATE = 4
const BIG = 'm'.repeat(30_000)
const COUNT = 250

let server: TestServer
let app: AblyApp
let proxy: FaultyProxy
let clients: Clients

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
  proxy = await FaultyProxy.start(() => server.port, seeded(7))
  clients = new Clients(() => ({ url: `http://127.0.0.1:${proxy.port}`, keys: app.keys }))
})
afterEach(() => {
  clients.end()
  proxy.behave()
})
afterAll(async () => {
  await proxy.end()
  await server.end()
})

/** Members of one connection with so much data that a page holds only a few. */
class Crowd {
  readonly channel: string
  readonly data = new Map<string, string>()
  readonly #client: FrameClient
  #serial = 0

  private constructor(channel: string, client: FrameClient) {
    this.channel = channel
    this.#client = client
  }

  static async of(channel: string, count: number): Promise<Crowd> {
    const client = await FrameClient.connected(app, `key=${app.keys[0]}`)
    await client.attach(channel, { params: { modes: 'presence' } })
    const crowd = new Crowd(channel, client)
    for (let i = 0; i < count; i++) {
      crowd.change(ENTER, `m${i}`)
      // They receive these changes too, and must not become slow readers.
      if (i % 20 === 19) await crowd.settled()
    }
    await crowd.settled()
    return crowd
  }

  change(action: number, clientId: string): void {
    const msgSerial = this.#serial++
    const data = `${msgSerial} ${BIG}`
    if (action === LEAVE) this.data.delete(clientId)
    else this.data.set(clientId, data)
    const presence = [{ action, clientId, ...(action !== LEAVE && { data }) }]
    this.#client.send({ action: ACTION.PRESENCE, channel: this.channel, msgSerial, presence })
  }

  settled(): Promise<void> {
    return this.#client.settled()
  }
}

const fullOf = (members: readonly { clientId: string; data?: unknown }[]) =>
  new Map(members.map(({ clientId, data }) => [clientId, String(data)]))

async function isAttached(channel: string, count: number): Promise<void> {
  await eventually(async () => {
    const { body } = await app.ask<{
      status: { occupancy: { metrics: { presenceSubscribers: number } } }
    }>(`/channels/${channel}`)
    return body.status.occupancy.metrics.presenceSubscribers === count
  }, 'they are attached')
}

test('slow SDK clients end with the right members and get each change once', async () => {
  const crowd = await Crowd.of('slow', COUNT)
  const readers = await Promise.all(
    ['json', 'binary'].map((kind) => clients.connected({ useBinaryProtocol: kind === 'binary' })),
  )
  const events: Map<string, string[]>[] = readers.map(() => new Map())
  const channels = readers.map((reader) => reader.channels.get('slow'))
  proxy.hold('down')
  const attaching = channels.map((channel, i) =>
    channel.presence.subscribe(({ action, clientId }) => {
      events[i]!.set(clientId, [...(events[i]!.get(clientId) ?? []), action])
    }),
  )
  await isAttached('slow', 2)
  // Members of the first page, of the middle, and of the last, which is not made yet.
  for (const clientId of ['m0', 'm120', `m${COUNT - 1}`]) crowd.change(LEAVE, clientId)
  for (const clientId of ['m1', 'm121', `m${COUNT - 2}`]) crowd.change(UPDATE, clientId)
  for (const clientId of ['m2', `m${COUNT - 3}`]) {
    crowd.change(LEAVE, clientId)
    crowd.change(ENTER, clientId)
  }
  crowd.change(ENTER, 'late')
  await crowd.settled()
  proxy.behave()
  await Promise.all(attaching)
  for (const [i, channel] of channels.entries()) {
    await eventually(() => events[i]!.has('late'), 'it has caught up')
    const members = await channel.presence.get()
    expect(fullOf(members)).toEqual(crowd.data)
    // Members that left before their page was made do not appear.
    expect(events[i]!.get(`m${COUNT - 1}`)).toBeUndefined()
    for (const told of events[i]!.values()) {
      const leaves = told.filter((action) => action === 'leave').length
      expect(leaves).toBeLessThanOrEqual(1)
    }
  }
}, 30_000)

test('clients that attach while members change get the right members', async () => {
  const crowd = await Crowd.of('churn', 60)
  const random = seeded(11)
  const reader = await clients.connected()
  const state = { isOver: false }
  const churning = (async () => {
    for (let i = 0; !state.isOver; i++) {
      const clientId = `m${Math.floor(random() * 80)}`
      const isThere = crowd.data.has(clientId)
      crowd.change(isThere ? (random() < 0.5 ? LEAVE : UPDATE) : ENTER, clientId)
      if (i % 4 === 0) await crowd.settled()
    }
  })()
  const channel: Ably.RealtimeChannel = reader.channels.get('churn')
  const left = new Set<string>()
  await channel.presence.subscribe(
    ['enter', 'present', 'update'],
    ({ clientId }) => void left.delete(clientId),
  )
  await channel.presence.subscribe('leave', ({ clientId }) => void left.add(clientId))
  for (let round = 0; round < 8; round++) {
    await channel.attach()
    await channel.presence.get()
    await channel.detach()
  }
  await channel.attach()
  state.isOver = true
  await churning
  await crowd.settled()
  await eventually(async () => {
    const members = fullOf(await channel.presence.get())
    return (
      members.size === crowd.data.size &&
      [...crowd.data].every(([name, data]) => members.get(name) === data)
    )
  }, 'it sees who is there')
  for (const clientId of left) expect(crowd.data.has(clientId)).toBe(false)
}, 30_000)

const membersIn = ({ presence }: ProtocolMessage) =>
  presence as { action: number; clientId: string; data?: string }[]
const isLast = ({ channelSerial }: ProtocolMessage) =>
  channelSerial === undefined || String(channelSerial).endsWith(':')

test.each(['json', 'msgpack'])(
  'a client that asks repeatedly without reading gets one more whole list (%s)',
  async (format) => {
    const name = `asked-${format}`
    const crowd = await Crowd.of(name, COUNT)
    const url = `http://127.0.0.1:${proxy.port}`
    const client = await FrameClient.connected({ url }, `key=${app.keys[0]}&format=${format}`)
    await client.attach(name)
    const lists = () => client.all(ACTION.SYNC).filter(isLast).length
    await client.until(() => lists() === 1 || undefined)
    client.send({ action: ACTION.SYNC, channel: name })
    await client.until(() => lists() === 2 || undefined)
    proxy.hold('down')
    for (let i = 0; i < 50; i++) client.send({ action: ACTION.SYNC, channel: name })
    crowd.change(LEAVE, 'm3')
    crowd.change(UPDATE, 'm4')
    await crowd.settled()
    proxy.behave()
    const before = client.frames.length
    await client.settled()
    await client.until(() => lists() >= 3 || undefined)
    crowd.change(LEAVE, 'm5')
    await client.until(
      () =>
        client
          .all(ACTION.PRESENCE)
          .flatMap(membersIn)
          .some(({ clientId }) => clientId === 'm5') || undefined,
    )
    expect(lists()).toBeLessThanOrEqual(5)
    expect(client.frames.length - before).toBeGreaterThan(0)
    // As a client does: sync pages, and changes between them.
    let members = new Map<string, string>()
    let listed: Map<string, string> | undefined
    for (const frame of client.frames) {
      if (frame.action === ACTION.SYNC) {
        listed ??= new Map()
        for (const { clientId, data } of membersIn(frame)) listed.set(clientId, String(data))
        if (!isLast(frame)) continue
        members = listed
        listed = undefined
      } else if (frame.action === ACTION.PRESENCE) {
        // Never between two pages.
        expect(listed).toBeUndefined()
        for (const { action, clientId, data } of membersIn(frame))
          if (action === LEAVE) members.delete(clientId)
          else members.set(clientId, String(data))
      }
    }
    expect(members).toEqual(crowd.data)
  },
)
