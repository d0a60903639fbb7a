/** Peers that are gone without a word, behind a proxy that goes on taking what is sent to them. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { AblyApp } from '../support/ably-app.ts'
import { ACTION, FrameClient } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { FaultyProxy } from '../support/faulty-proxy.ts'
import { metric } from '../support/itty.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { type TimedServer, startTimedServer } from '../support/timed-server.ts'

let server: TimedServer
let proxy: FaultyProxy

beforeEach(async () => {
  server = await startTimedServer({ sandbox: 'true' })
  proxy = await FaultyProxy.start(() => server.port, Math.random)
})
afterEach(async () => {
  await proxy.end()
  await server.end()
})

const closes = (reason: string) => metric(server, `latchkey_closes_total{reason="${reason}"}`)

/** Lets time pass with a message every second. */
async function pass(seconds: number, send: () => Promise<unknown>): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await send()
    server.clock.advance(1000)
  }
  await tick()
}

/**
 * Waits for a tick of the wheel, which goes by real time: so that whoever is to be asked is asked, and answers, before
 * the test goes on. That nothing happens in it has no event to wait for.
 */
const tick = () => Bun.sleep(300)

test('a silent itty client on a busy channel leaves after the idle timeout, and an answering one stays', async () => {
  const gone = await Client.join(`ws://127.0.0.1:${proxy.port}/c/busy`)
  const [reader, writer] = await Promise.all(
    ['', ''].map(() => Client.join(`${server.sockets}busy`)),
  )
  proxy.hold('up')
  let n = 0
  const say = async () => {
    writer!.sendJson(++n)
    await reader!.message(n)
  }
  await pass(20, say)
  await pass(7, say)
  expect(await closes('idle')).toBe(0)
  expect(reader!.frames.some(({ type }) => type === 'leave')).toBe(false)
  await pass(2, say)
  await pass(1, say)
  await reader!.next(({ type }) => type === 'leave')
  expect(await closes('idle')).toBe(1)
  // The proxy has accepted what was sent meanwhile.
  expect(gone.frames.length).toBeGreaterThan(10)
  for (let minute = 0; minute < 3; minute++) await pass(20, say)
  expect(await closes('idle')).toBe(1)
  expect([reader!.closed, writer!.closed]).toEqual([undefined, undefined])
}, 30_000)

test('a silent client of an app leaves presence, although heartbeats and messages are sent to it', async () => {
  const app = await AblyApp.make(server.url)
  const query = `key=${app.keys[0]}&v=6`
  const url = `http://127.0.0.1:${proxy.port}`
  const gone = await FrameClient.connected({ url }, `${query}&clientId=gone`)
  const reader = await FrameClient.connected(app, query)
  await reader.attach('room')
  await gone.attach('room')
  gone.send({ action: ACTION.PRESENCE, channel: 'room', msgSerial: 0, presence: [{ action: 2 }] })
  await reader.next(ACTION.PRESENCE)
  proxy.hold('up')
  let n = 0
  const say = async () => {
    await app.ask('/channels/room/messages', { body: { data: 'x' } })
    await reader.next(ACTION.MESSAGE, n++)
  }
  await pass(20, say)
  await pass(9, say)
  await pass(1, say)
  expect(await closes('idle')).toBe(1)
  await pass(15, say)
  const told = await reader.next(ACTION.PRESENCE, 1)
  expect(told['presence']).toMatchObject([{ action: 3, clientId: 'gone' }])
  expect(gone.all(ACTION.MESSAGE).length).toBeGreaterThan(20)
}, 30_000)

test('frames count as signs of life, like pongs', async () => {
  const mute = await RawSocket.open(`${server.sockets}room`)
  for (let n = 0; n < 8; n++) {
    mute.text(`"${n}"`)
    server.clock.advance(10_000)
    await tick()
  }
  expect(mute.isClosed).toBe(false)
  server.clock.advance(10_000)
  await tick()
  server.clock.advance(8000)
  await tick()
  server.clock.advance(1000)
  await eventually(() => mute.isClosed, 'it never answers a ping')
  expect(await closes('idle')).toBe(1)
})

test('an answering client stays although the server stood still for a minute', async () => {
  const client = await Client.join(`${server.sockets}room`)
  for (let n = 0; n < 3; n++) {
    server.clock.advance(60_000)
    await tick()
    await tick()
  }
  expect(client.closed).toBeUndefined()
})

test('a reset connection with a backlog counts as lost, not as a slow reader', async () => {
  const patient = await startTimedServer({ 'max-backlog-bytes': '67108864' })
  const count = (reason: string) => metric(patient, `latchkey_closes_total{reason="${reason}"}`)
  const url = `${patient.sockets}flood`
  const sockets = await Promise.all(Array.from({ length: 4 }, () => RawSocket.open(url)))
  for (const socket of sockets) {
    await socket.nextText('"self":true')
    socket.pause()
  }
  const writer = await Client.join(url)
  // More than the kernel takes, and less than the limit above that.
  for (let n = 0; n < 150; n++) writer.sendJson('x'.repeat(100_000))
  writer.sendDirect(writer.uid, 'done')
  await writer.message('done')
  for (const socket of sockets) socket.reset()
  for (let n = 0; n < 20; n++) writer.sendJson('x'.repeat(1000))
  await eventually(
    async () => (await metric(patient, 'latchkey_connections')) === 1,
    'they are gone',
  )
  expect(await count('slow_reader')).toBe(0)
  expect(await count('lost')).toBe(4)
  await patient.end()
})

test('a client without a WebSocket that stops polling is gone after half a minute', async () => {
  const app = await AblyApp.make(server.url)
  const reader = await FrameClient.connected(app, `key=${app.keys[0]}&v=6`)
  await reader.attach('room')
  const ask = async (path: string, body?: string) =>
    (
      await fetch(`${server.url}/comet/${path}`, body === undefined ? {} : { method: 'POST', body })
    ).json()
  const frames = (await ask(`connect?key=${app.keys[0]}&clientId=ann&stream=false&v=6`)) as {
    connectionDetails: { connectionKey: string }
  }[]
  const key = encodeURIComponent(frames[0]!.connectionDetails.connectionKey)
  const enter = { action: 14, channel: 'room', msgSerial: 0, presence: [{ action: 2 }] }
  await ask(`${key}/send`, JSON.stringify([{ action: 10, channel: 'room' }, enter]))
  await reader.next(ACTION.PRESENCE)
  server.clock.advance(29_000)
  await ask(`${key}/recv`)
  server.clock.advance(29_000)
  await tick()
  expect(
    (await fetch(`${server.url}/comet/${key}/send`, { method: 'POST', body: '[]' })).status,
  ).toBe(200)
  server.clock.advance(1500)
  await eventually(
    async () =>
      (await fetch(`${server.url}/comet/${key}/send`, { method: 'POST', body: '[]' })).status !==
      200,
    'its transport is gone',
  )
  server.clock.advance(16_000)
  expect((await reader.next(ACTION.PRESENCE, 1))['presence']).toMatchObject([{ action: 3 }])
})
