/**
 * Clients vanish behind a proxy that takes whatever is sent to them, while others talk on their channels: they are
 * noticed, and whoever is still there is not disturbed.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { AblyApp } from '../support/ably-app.ts'
import { Clients } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { FaultyProxy, seeded } from '../support/faulty-proxy.ts'
import { RestartableServer } from '../support/restartable.ts'

const IDLE_SECONDS = 20
const EACH = 8
/** The pause between two pings, the grace of presence, and time for a busy machine. */
const NOTICED_MS = (IDLE_SECONDS + 15 + 15) * 1000

let server: RestartableServer
let proxy: FaultyProxy
let app: AblyApp
let talking: Timer | undefined
const near = new Clients(() => app)

beforeAll(async () => {
  server = await RestartableServer.start('--sandbox', '--idle-timeout', String(IDLE_SECONDS))
  proxy = await FaultyProxy.start(() => server.port, seeded(1))
  app = await AblyApp.make(server.url)
})
afterAll(async () => {
  clearInterval(talking)
  near.end()
  await proxy.end()
  await server.end()
})

test('they are noticed though what is sent to them is taken', async () => {
  const far = new Clients(() => ({ url: `http://127.0.0.1:${proxy.port}`, keys: app.keys }))
  const lost = await Promise.all(
    Array.from({ length: EACH }, (_, n) => far.connected({ clientId: `lost-${n}` })),
  )
  await Promise.all(lost.map(({ channels }) => channels.get('room').presence.enter()))
  const talker = await near.connected({ clientId: 'talker' })
  const room = talker.channels.get('room')
  await room.presence.enter()
  const left: string[] = []
  await room.presence.subscribe('leave', ({ clientId }) => void left.push(clientId))
  const lobby = (port: number, name: string) =>
    Client.join(`ws://127.0.0.1:${port}/c/lobby?as=${name}&announce=true`)
  const gone = await Promise.all(
    Array.from({ length: EACH }, (_, n) => lobby(proxy.port, `lost-${n}`)),
  )
  const there = await lobby(server.port, 'there')
  const other = await lobby(server.port, 'other')
  let words = 0
  talking = setInterval(() => {
    words++
    room.publish('n', `${words}`).catch(() => {})
    other.sendJson(words)
  }, 50)
  proxy.swallow()
  // Otherwise SDKs would come back.
  proxy.refusals = 1
  const from = performance.now()
  const after = () => `${((performance.now() - from) / 1000).toFixed(1)} s`
  const gonePeers = () => there.frames.filter(({ type }) => type === 'leave').length
  const noticed = Promise.all([
    eventually(() => gonePeers() === EACH, 'those of itty-sockets are noticed', NOTICED_MS).then(
      after,
    ),
    eventually(() => left.length === EACH, 'those of Ably are noticed', NOTICED_MS).then(after),
  ])
  const [itty, ably] = await noticed
  clearInterval(talking)
  console.log(
    `${EACH} of each vanished under ${words} messages, --idle-timeout ${IDLE_SECONDS}: itty-sockets noticed after ${itty}, Ably after ${ably}`,
  )
  expect(left.toSorted()).toEqual(lost.map(({ auth }) => auth.clientId).toSorted())
  expect(talker.connection.state).toBe('connected')
  expect([there.closed, other.closed]).toEqual([undefined, undefined])
  expect(await room.presence.get()).toHaveLength(1)
  for (const client of [...gone, there, other]) client.close()
  far.end()
}, 90_000)
