/** Statistics of the commons: what clients of itty-sockets do is counted as what clients of apps do. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { COMMONS } from '../../../src/core/types.ts'
import { openServices } from '../../../src/service/services.ts'
import { shown } from '../../../src/stats/numbers.ts'
import { Client, eventually } from '../../support/client.ts'
import { freshChannel, joinAll, reserve, statusOf } from '../../support/itty.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'
import { ManualClock } from '../../support/clocks.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
})
afterAll(() => server.end())

/** What was counted for the commons this month, once it is written down. */
function counted(): Record<string, number> {
  const services = openServices(server.config, new ManualClock(), false)
  try {
    const span = { unit: 'month', first: 0, last: Date.UTC(2100, 0) } as const
    const { items } = services.stats.read([COMMONS], { span, direction: 'backwards', limit: 1 })
    return items[0] ? shown(items[0].numbers) : {}
  } finally {
    services.close()
  }
}

test('counts messages, joins, connections, channels and refusals', async () => {
  const namespace = freshChannel()
  await reserve(server, namespace, { sendKey: 's' })
  const clients = await joinAll(server.sockets + freshChannel(), ['', '', ''])
  clients[0].send('"12345678"')
  await clients[2].message('12345678')
  clients[0].sendDirect(clients[1].uid, 'you')
  await clients[1].message('you')
  const listener = await Client.join(`${server.sockets}${namespace}/x`)
  listener.sendJson('may not')
  await listener.error()
  await fetch(`${server.url}/push/${namespace}/x`, {
    method: 'POST',
    body: '1',
    headers: { 'x-send-key': 's' },
  })
  expect(await statusOf(`${server.sockets}${namespace}/x?joinKey=none`)).toBe(403)
  for (const client of [...clients, listener]) client.close()
  const expected = {
    'messages.inbound.realtime.messages.count': 2,
    'messages.inbound.realtime.messages.data': 15,
    'messages.inbound.realtime.messages.refused': 1,
    'messages.inbound.rest.messages.count': 1,
    // One message to two others, one direct, one pushed.
    'messages.outbound.realtime.messages.count': 4,
    // Four joins and four leaves; of each kind, those on the first channel were heard by whoever was there.
    'messages.inbound.realtime.presence.count': 8,
    'messages.outbound.realtime.presence.count': 6,
    'connections.all.opened': 4,
    'connections.all.refused': 1,
    'connections.all.peak': 4,
    'channels.opened': 2,
    'channels.peak': 2,
  }
  await eventually(
    () => Object.entries(expected).every(([name, value]) => counted()[name] === value),
    'all is counted',
  ).catch(() => expect(counted()).toMatchObject(expected))
})

test('messages of guests on a shared channel are counted for its app', async () => {
  const namespace = freshChannel()
  await reserve(server, namespace, { app: 'default' })
  const guest = await Client.join(`${server.sockets}${namespace}/x`)
  const before = counted()['messages.inbound.realtime.messages.count'] ?? 0
  guest.sendJson('hello')
  const read = () => {
    const services = openServices(server.config, new ManualClock(), false)
    try {
      const apps = services.apps.list(undefined).map(({ id }) => id)
      const span = { unit: 'month', first: 0, last: Date.UTC(2100, 0) } as const
      const { items } = services.stats.read(apps, { span, direction: 'backwards', limit: 1 })
      return items[0]?.numbers['messages.inbound.realtime.messages.count']
    } finally {
      services.close()
    }
  }
  await eventually(() => read() === 1, 'it is counted for the app')
  expect(counted()['messages.inbound.realtime.messages.count'] ?? 0).toBe(before)
  guest.close()
})
