/** Whoever leaves while the engine refuses everything is not there for good: both kinds of client are told in the end. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { EmbeddedEngine } from '../../src/engine/embedded.ts'
import { Clients, known } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { RefusingEngine } from '../support/engines/refusing.ts'
import { IttyClient } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

let server: TestServer
let engine: RefusingEngine
let key: string
const clients = new Clients(() => server)

beforeAll(async () => {
  server = await startTestServer(
    {},
    {},
    (clock, positions) => (engine = new RefusingEngine(new EmbeddedEngine(clock, positions))),
  )
  key = await known(server, server.addKey())
})
afterEach(() => {
  engine.fault = 'none'
  clients.end()
})
afterAll(() => server.end())

/** Waits until it was proposed so often. */
const proposed = (kind: string, times: number) =>
  eventually(() => engine.proposed.filter((one) => one === kind).length >= times, `${kind}s`)

test('a member of the commons', async () => {
  const [ann, bob] = [
    await IttyClient.join(`${server.sockets}room`),
    await IttyClient.join(`${server.sockets}room`),
  ]
  engine.fault = 'unheard'
  bob.socket.close()
  await proposed('leave', 1)
  expect(ann.events.some(({ type }) => type === 'leave')).toBe(false)
  engine.fault = 'none'
  const left = await ann.next(({ type }) => type === 'leave')
  expect(left).toMatchObject({ total: 1 })
  ann.socket.close()
})

test.each(['closes its connection', 'detaches'])('a client of an app that %s', async (way) => {
  const channel = clients.make({ key, clientId: 'ann' }).channels.get(`room ${way}`)
  const other = clients.make({ key, clientId: 'bob' })
  await other.channels.get(`room ${way}`).presence.enter()
  const left: string[] = []
  await channel.presence.subscribe('leave', ({ clientId }) => left.push(clientId))
  const before = engine.proposed.filter((kind) => kind === 'departure').length
  engine.fault = 'unheard'
  if (way === 'detaches') await other.channels.get(`room ${way}`).detach()
  else other.close()
  await proposed('departure', before + 1)
  expect(left).toEqual([])
  engine.fault = 'none'
  await eventually(() => left.length === 1, 'the leave is told')
  expect(await channel.presence.get()).toEqual([])
})
