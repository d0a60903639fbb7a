/** What is decided while an engine takes its time counts for whoever waits. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { EmbeddedEngine } from '../../src/engine/embedded.ts'
import { eventually } from '../support/client.ts'
import { HeldEngine } from '../support/engines/held.ts'
import { IttyClient, freshChannel, reserve } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

let server: TestServer
let engine: HeldEngine

beforeAll(async () => {
  server = await startTestServer(
    {},
    {},
    (clock, positions) => (engine = new HeldEngine(new EmbeddedEngine(clock, positions))),
  )
})
afterAll(async () => {
  const going = setInterval(() => engine.release(), 5)
  await server.end()
  clearInterval(going)
})

/** That members leave waits, too. */
afterEach(async () => {
  engine.release()
  await eventually(() => engine.waiting === 0, 'nothing waits any more')
})

const held = () => eventually(() => engine.waiting > 0, 'it waits')

test('a reservation keeps out whoever is about to join', async () => {
  const name = freshChannel()
  const client = new IttyClient(server.sockets + name)
  await held()
  engine.release()
  await held()
  await reserve(server, name, { joinKey: 'secret' })
  engine.release()
  expect(await client.error()).toMatchObject({ code: 'access_changed' })
  await eventually(() => client.closes === 1, 'it is closed')
})

test('whoever is there gets to speak only where it still may', async () => {
  const name = freshChannel()
  const client = new IttyClient(server.sockets + name)
  client.socket.send('early')
  await held()
  engine.release()
  await held()
  await reserve(server, name, { sendKey: 'secret' })
  engine.release()
  expect(await client.error()).toMatchObject({ code: 'send_key_required' })
  client.socket.close()
})
