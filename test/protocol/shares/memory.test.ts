/** However much one owner publishes, others can resume. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { AblyApp } from '../../support/ably-app.ts'
import { ACTION, Clients, FrameClient, type ProtocolMessage } from '../../support/ably.ts'
import { metric } from '../../support/itty.ts'
import { GREEDY, names, startOwners } from '../../support/owners.ts'
import type { TestServer } from '../../support/server.ts'

const RESUMED = 4
const KB10 = 'x'.repeat(10_000)
/** A half of the memory is for clients that come back, the other for history. */
const HALF = 524_288

let server: TestServer
let greedy: AblyApp
let small: AblyApp
const clients = new Clients(() => small)

beforeEach(async () => {
  ;({ server, greedy, small } = await startOwners({ 'history-memory-mb': '1' }))
})
afterEach(async () => {
  clients.end()
  await server.end()
})

async function publish(app: AblyApp, channels: readonly string[], data = KB10): Promise<void> {
  const { body } = await app.ask('/messages', { body: { channels, messages: { data } } })
  expect(body).toMatchObject({ successCount: channels.length })
}

/** Each publishes far more than there is memory for. */
const WAYS: Record<string, () => Promise<unknown>> = {
  'on many channels': async () => {
    for (let i = 0; i < 3; i++) await publish(greedy, names(`many-${i}-`, 50))
  },
  'on one channel': async () => {
    for (let i = 0; i < 15; i++) {
      const messages = Array.from({ length: 10 }, () => ({ data: KB10.slice(0, 9000) }))
      const { status } = await greedy.ask('/channels/one/messages', { body: messages })
      expect(status).toBe(201)
    }
  },
  'over a connection': async () => {
    const client = await FrameClient.connected(greedy, `key=${greedy.keys[0]}&v=6`)
    for (const [msgSerial, channel] of names('live-', 150).entries())
      client.send({ action: ACTION.MESSAGE, channel, msgSerial, messages: [{ data: KB10 }] })
    await client.settled()
  },
  'as names and not as data': async () => {
    for (let i = 0; i < 3; i++) {
      const body = { channels: names(`named-${i}-`, 50), messages: { name: KB10 } }
      expect((await greedy.ask('/messages', { body })).status).toBe(201)
    }
  },
  'that is kept': async () => {
    for (let i = 0; i < 3; i++) await publish(greedy, names(`kept:${i}-`, 50))
  },
  'from many apps of one address': async () => {
    for (let i = 0; i < 10; i++)
      await publish(await AblyApp.madeBy(GREEDY, server.url), names('app-', 15))
  },
  'as presence': async () => {
    const client = await FrameClient.connected(greedy, `key=${greedy.keys[0]}&v=6&clientId=ann`)
    await client.attach('crew')
    for (let msgSerial = 0; msgSerial < 150; msgSerial++) {
      const presence = [{ action: 4, data: KB10 }]
      client.send({ action: ACTION.PRESENCE, channel: 'crew', msgSerial, presence })
    }
    await client.settled()
  },
}

const dataOf = (frames: readonly ProtocolMessage[]) =>
  frames.flatMap(({ messages }) => (messages as { data: string }[]).map(({ data }) => data))

/** A client that attaches and loses its network. */
async function lost(app: AblyApp, channel: string) {
  const client = await FrameClient.connected(app, `key=${app.keys[0]}&v=6`)
  const { channelSerial } = await client.attach(channel)
  client.terminate()
  await client.closing()
  return { key: client.connectionKey, channel, channelSerial }
}

async function back(
  app: AblyApp,
  { key, channel, channelSerial }: Awaited<ReturnType<typeof lost>>,
) {
  const client = await FrameClient.connected(app, `key=${app.keys[0]}&v=6&resume=${key}`)
  const attached = await client.attach(channel, { channelSerial })
  return { client, attached }
}

describe.each(Object.keys(WAYS))('against very much %s', (way) => {
  test('a small app can resume and read what it published', async () => {
    const gone = await lost(small, 'room')
    const texts = names('message ', 20)
    for (const text of texts) await publish(small, ['room'], text)
    await WAYS[way]!()
    const { client, attached } = await back(small, gone)
    expect([Number(attached['flags']) & RESUMED, attached['error']]).toEqual([RESUMED, undefined])
    await client.until(() => (dataOf(client.all(ACTION.MESSAGE)).length >= 20 ? true : undefined))
    expect(dataOf(client.all(ACTION.MESSAGE))).toEqual(texts)
    const { items } = await clients.make().channels.get('room').history({ limit: 100 })
    expect(items.map(({ data }) => data as unknown)).toEqual(texts.toReversed())
    expect(await metric(server, 'latchkey_memory_bytes')).toBeLessThanOrEqual(2 * HALF)
  })
})

test('the largest app is told that it cannot resume', async () => {
  const gone = await lost(greedy, 'many-0-0')
  await publish(greedy, ['many-0-0'])
  await WAYS['on many channels']!()
  const { attached } = await back(greedy, gone)
  expect(attached).toMatchObject({ error: { code: 90003 } })
  expect(Number(attached['flags']) & RESUMED).toBe(0)
})

test('one app may use all memory until another needs it', async () => {
  await WAYS['on many channels']!()
  const half = async () => (await metric(server, 'latchkey_greatest_share_memory_bytes')) / 2
  expect(await half()).toBeGreaterThan(HALF * 0.9)
  for (let i = 0; i < 3; i++) await publish(small, names(`small-${i}-`, 50))
  expect(await half()).toBeLessThan(HALF * 0.6)
})
