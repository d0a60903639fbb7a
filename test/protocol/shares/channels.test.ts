/** However many channels one owner uses, others can attach, publish and join. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { AblyApp } from '../../support/ably-app.ts'
import { ACTION, Clients, FrameClient } from '../../support/ably.ts'
import { IttyClient, metric, reserve, statusOf } from '../../support/itty.ts'
import { GREEDY, names, startOwners } from '../../support/owners.ts'
import type { TestServer } from '../../support/server.ts'

const MAX = 40

let server: TestServer
let greedy: AblyApp
let small: AblyApp
const clients = new Clients(() => small)

beforeEach(async () => {
  ;({ server, greedy, small } = await startOwners({ 'max-channels': String(MAX) }))
})
afterEach(async () => {
  clients.end()
  await server.end()
})

const listed = async (app: AblyApp) => (await app.ask<string[]>('/channels')).body
const total = async () =>
  (await metric(server, 'latchkey_channels')) + (await metric(server, 'latchkey_app_channels'))

async function publish(app: AblyApp, channels: readonly string[]): Promise<void> {
  const { body } = await app.ask('/messages', { body: { channels, messages: { data: 'x' } } })
  expect(body).toMatchObject({ successCount: channels.length })
}

async function attachAll(app: AblyApp, prefix: string, count: number): Promise<number> {
  const client = await FrameClient.connected(app, `key=${app.keys[0]}&v=6`)
  for (const channel of names(prefix, count)) client.send({ action: ACTION.ATTACH, channel })
  await client.settled()
  return client.all(ACTION.ATTACHED).length
}

/** Ways to fill the server with channels; all but the last two leave them unused. */
const WAYS: Record<string, () => Promise<unknown>> = {
  'a batch of new names': async () => {
    for (let i = 0; i < 3; i++) await publish(greedy, names(`batch-${i}-`, 100))
  },
  'publishes that are kept': () => publish(greedy, names('kept:', 100)),
  'messages from the realtime': async () => {
    const client = await FrameClient.connected(greedy, `key=${greedy.keys[0]}&v=6`)
    for (const [msgSerial, channel] of names('live-', 100).entries())
      client.send({ action: ACTION.MESSAGE, channel, msgSerial, messages: [{ data: 'x' }] })
    await client.settled()
  },
  'attaching and going': async () => {
    const client = await FrameClient.connected(greedy, `key=${greedy.keys[0]}&v=6`)
    for (const channel of names('gone-', 100)) {
      client.send({ action: ACTION.ATTACH, channel })
      client.send({ action: ACTION.DETACH, channel })
    }
    await client.settled()
  },
  'many apps of one address': async () => {
    for (let i = 0; i < 5; i++)
      await publish(await AblyApp.madeBy(GREEDY, server.url), names('many-', 20))
  },
  'attaching to everything': () => attachAll(greedy, 'held-', 100),
  'being present everywhere': async () => {
    const client = await FrameClient.connected(greedy, `key=${greedy.keys[0]}&v=6&clientId=ann`)
    for (const [msgSerial, channel] of names('here-', 100).entries()) {
      client.send({ action: ACTION.ATTACH, channel })
      client.send({ action: ACTION.PRESENCE, channel, msgSerial, presence: [{ action: 2 }] })
    }
    await client.settled()
  },
  'joins of open channels': async () => {
    // As many as there is room for beside what the small one has.
    const joins = names('open-', MAX - 4).map((name) => IttyClient.join(server.sockets + name))
    await Promise.all(joins)
  },
}

describe.each(Object.keys(WAYS))('against %s', (way) => {
  test('a small app keeps what it has, and gets more', async () => {
    await publish(small, names('before-', 4))
    await WAYS[way]!()
    expect(await total()).toBeGreaterThanOrEqual(MAX)
    expect(await listed(small)).toEqual(names('before-', 4))
    await publish(small, names('after-', 4))
    const client = await clients.connected()
    for (const name of names('attached-', 4)) await client.channels.get(name).attach()
    const heard = new Promise((resolve) => {
      void client.channels.get('attached-0').subscribe(({ data }) => resolve(data))
    })
    await client.channels.get('attached-0').publish('name', 'hello')
    expect(await heard).toBe('hello')
    expect(await listed(small)).toHaveLength(12)
  })

  test('a reservation keeps what it has, and gets more', async () => {
    await reserve(server, 'acme')
    await WAYS[way]!()
    const [ann, bob] = [
      await IttyClient.join(`${server.sockets}acme/news`),
      await IttyClient.join(`${server.sockets}acme/news`),
    ]
    ann.socket.send('hello')
    await bob.message('hello')
    expect(await statusOf(`${server.sockets}acme/more`)).toBe(101)
  })
})

describe('the largest shares', () => {
  test('are refused when all their channels are in use, in the form of their protocol', async () => {
    expect(await attachAll(greedy, 'held-', MAX + 5)).toBe(MAX)
    const client = await FrameClient.connected(greedy, `key=${greedy.keys[0]}&v=6`)
    client.send({ action: ACTION.ATTACH, channel: 'one more' })
    expect(await client.next(ACTION.ERROR)).toMatchObject({
      error: { code: 90010, statusCode: 503 },
    })
    const { body } = await greedy.ask('/messages', {
      body: { channels: ['another'], messages: {} },
    })
    expect(JSON.stringify(body)).toContain('90010')
  })

  test('on open channels are refused in the same way, and both are counted together', async () => {
    expect(await attachAll(greedy, 'held-', MAX / 2)).toBe(MAX / 2)
    for (const name of names('open-', MAX / 2)) await IttyClient.join(server.sockets + name)
    expect(await statusOf(`${server.sockets}one-more`)).toBe(503)
    expect(await total()).toBe(MAX)
  })

  test('may have everything while nobody else needs it', async () => {
    expect(await attachAll(greedy, 'all-', MAX)).toBe(MAX)
  })
})

test('reading opens no channel', async () => {
  for (let i = 0; i < 3; i++) {
    for (const name of names('read-', MAX)) {
      await greedy.ask(`/channels/${name}`)
      await greedy.ask(`/channels/${name}/messages`)
      await greedy.ask(`/channels/${name}/presence`)
    }
  }
  expect(await total()).toBe(0)
})
