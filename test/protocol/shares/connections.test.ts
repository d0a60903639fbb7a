/** However many connections one owner holds, others can connect. */
import { afterEach, describe, expect, test } from 'bun:test'
import { AblyApp } from '../../support/ably-app.ts'
import { ACTION, Clients, FrameClient } from '../../support/ably.ts'
import { eventually } from '../../support/client.ts'
import { EventReader } from '../../support/event-reader.ts'
import { IttyClient, metric, reserve, statusOf } from '../../support/itty.ts'
import { GREEDY, type Owners, names, startOwners } from '../../support/owners.ts'

const MAX = 10

let owners: Owners | undefined
const clients = new Clients(() => owners!.small)
afterEach(async () => {
  clients.end()
  await owners?.server.end()
  owners = undefined
})

const start = async () => (owners = await startOwners({ 'max-connections': String(MAX) }))
const connect = (app: AblyApp, more = '') => new FrameClient(app, `key=${app.keys[0]}&v=6${more}`)
const connected = (app: AblyApp, more = '') =>
  FrameClient.connected(app, `key=${app.keys[0]}&v=6${more}`)

async function fill(app: AblyApp): Promise<FrameClient[]> {
  const all = Array.from({ length: MAX }, () => connected(app))
  return Promise.all(all)
}

describe('when one app has all connections', () => {
  test('it is refused, and SDKs retry', async () => {
    const { greedy } = await start()
    const all = await fill(greedy)
    const refused = connect(greedy)
    expect(await refused.next(ACTION.ERROR)).toMatchObject({
      error: { code: 50003, statusCode: 503 },
    })
    await refused.closing()
    all[0]!.send({ action: ACTION.CLOSE })
    await all[0]!.closing()
    await connected(greedy)
  })

  test('its other apps of the same address are refused too', async () => {
    const { greedy, server } = await start()
    await fill(greedy)
    const other = await AblyApp.madeBy(GREEDY, server.url)
    expect(await connect(other).next(ACTION.ERROR)).toMatchObject({ error: { code: 50003 } })
    const key = encodeURIComponent(other.keys[0]!)
    const stream = await fetch(`${server.url}/sse?channels=a&v=2&key=${key}`)
    expect(stream.status).toBe(503)
  })

  test('other apps, their streams, reservations and the open commons are admitted', async () => {
    const { greedy, server, small } = await start()
    await fill(greedy)
    await reserve(server, 'acme')
    const client = await clients.connected()
    await client.channels.get('room').attach()
    const key = encodeURIComponent(small.keys[0]!)
    const reader = await EventReader.open(`${server.url}/sse?channels=room&v=2&key=${key}`)
    await client.channels.get('room').publish('name', 'hello')
    expect((await reader.next()).data).toContain('hello')
    await IttyClient.join(`${server.sockets}acme`)
    await IttyClient.join(`${server.sockets}lobby`)
    reader.leave()
  })

  test('a client that comes back to its own connection needs no room', async () => {
    const { greedy } = await start()
    const [first] = await fill(greedy)
    const again = await connected(greedy, `&resume=${first!.connectionKey}`)
    expect(again.connectionId).toBe(first!.connectionId)
  })
})

test('when the open commons have all connections, apps and reservations are admitted', async () => {
  const { server } = await start()
  for (const name of names('open-', MAX)) await IttyClient.join(server.sockets + name)
  expect(await statusOf(`${server.sockets}open-more`)).toBe(503)
  await clients.connected()
  await reserve(server, 'acme')
  await IttyClient.join(`${server.sockets}acme/news`)
  expect(await metric(server, 'latchkey_greatest_share_connections')).toBe(MAX)
})

test('a channel that is reserved while in use is counted for the reservation', async () => {
  const { server } = await start()
  for (let i = 0; i < MAX; i++) await IttyClient.join(`${server.sockets}club`)
  expect(await statusOf(`${server.sockets}open`)).toBe(503)
  await reserve(server, 'club')
  await eventually(
    async () => (await statusOf(`${server.sockets}open`)) === 101,
    'the open commons have none any more',
  )
  expect(await statusOf(`${server.sockets}club`)).toBe(503)
})

test('of lost connections the largest share gives up its oldest', async () => {
  const { greedy, server, small } = await start()
  const mine = await connected(small)
  mine.terminate()
  await mine.closing()
  const gone: FrameClient[] = []
  for (let i = 0; i < 2 * MAX; i++) {
    const client = await connected(greedy)
    gone.push(client)
    client.terminate()
    await client.closing()
  }
  await eventually(
    async () => (await metric(server, 'latchkey_app_connections')) === MAX,
    'as many wait as there can be',
  )
  const back = await connected(small, `&resume=${mine.connectionKey}`)
  expect(back.connectionId).toBe(mine.connectionId)
  const oldest = await connected(greedy, `&resume=${gone[0]!.connectionKey}`)
  expect(oldest.connectionId).not.toBe(gone[0]!.connectionId)
  const newest = await connected(greedy, `&resume=${gone.at(-1)!.connectionKey}`)
  expect(newest.connectionId).toBe(gone.at(-1)!.connectionId)
})
