/** A quick restart under clients of the published SDK with its own options: nobody is seen to leave, and all come back. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { AblyApp } from '../support/ably-app.ts'
import { ACTION, Clients, FrameClient } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { RestartableServer } from '../support/restartable.ts'

const PEOPLE = 40
/** So long that the tries at once and after 12 to 15 s fail, and the next ones come up to 20 s later. */
const AWAY_MS = 15_500
/** More than the slowest second try takes. */
const BACK_MS = 50_000

let server: RestartableServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await RestartableServer.start('--sandbox', '--drain-seconds', '1')
  app = await AblyApp.make(server.url)
})
afterAll(async () => {
  clients.end()
  await server.end()
})

test('members stay through it', async () => {
  const people = await Promise.all(
    Array.from({ length: PEOPLE }, (_, n) => clients.connected({ clientId: `person-${n}` })),
  )
  await Promise.all(people.map((person) => person.channels.get('room').presence.enter()))
  const ids = people.map(({ connection }) => connection.id)
  await server.stop()
  await Bun.sleep(AWAY_MS)
  await server.start()
  const from = performance.now()
  const watcher = await FrameClient.connected(app, `key=${app.keys[0]}&v=6`)
  await watcher.attach('room')
  await eventually(
    () => people.every(({ connection }) => connection.state === 'connected'),
    'all are back',
    BACK_MS,
  )
  const back = ((performance.now() - from) / 1000).toFixed(1)
  await watcher.settled()
  const actions = watcher
    .all(ACTION.PRESENCE)
    .flatMap(({ presence }) => presence as { action: number; clientId: string }[])
  expect(actions.filter(({ action }) => action === 3)).toEqual([])
  expect(people.map(({ connection }) => connection.id)).toEqual(ids)
  console.log(
    `${PEOPLE} people over a restart of ${AWAY_MS / 1000} s: all back ${back} s after it, none seen to leave`,
  )
  expect(await people[0]!.channels.get('room').presence.get()).toHaveLength(PEOPLE)
}, 120_000)
