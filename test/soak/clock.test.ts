/**
 * Somebody sets the clock of the machine back and forward by an hour under clients of both kinds: nobody is lost,
 * nothing is heard twice, out of order or not at all, and what ends after some seconds still does.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody } from '../support/ably-app.ts'
import { ACTION, Clients, FrameClient } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { RestartableServer } from '../support/restartable.ts'
import { temporaryFolder } from '../support/server.ts'
import { SteppedClock } from '../support/stepped-clock.ts'

const HOUR = 3600
/** How far the clock is off, one after the other. */
const STEPS = [-HOUR, HOUR, 0]
const PEOPLE = 6
const WORDS_A_STEP = 60
const TTL_MS = 6000

const folder = temporaryFolder()
const clock = SteppedClock.in(folder.path)
if (!clock) console.log('skipped: libfaketime is not installed')

let server: RestartableServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  if (!clock) return
  server = await RestartableServer.startIn(clock, '--sandbox', '--key-rate', '0')
  app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }])
})
afterAll(async () => {
  clients.end()
  await server?.end()
  folder.remove()
})

interface Told {
  readonly data: string
  readonly timestamp: number
}

test.skipIf(!clock)(
  'a clock that is set disturbs nobody',
  async () => {
    const people = await Promise.all(
      Array.from({ length: PEOPLE }, (_, n) =>
        clients.connected({ clientId: `person-${n}`, useBinaryProtocol: n % 2 === 0 }),
      ),
    )
    const heard = people.map(() => ({ open: [] as string[], 'kept:a': [] as string[] }))
    await Promise.all(
      people.map(async ({ channels }, n) => {
        for (const name of ['open', 'kept:a'] as const)
          await channels
            .get(name)
            .subscribe(({ data }) => void heard[n]![name].push(data as string))
        await channels.get('open').presence.enter()
      }),
    )
    const leaves: string[] = []
    await people[0]!.channels
      .get('open')
      .presence.subscribe('leave', ({ clientId }) => void leaves.push(clientId))
    const ids = people.map(({ connection }) => connection.id)
    const lobby = `ws://127.0.0.1:${server.port}/c/lobby`
    const [ann, bob] = [await Client.join(lobby), await Client.join(lobby)]
    const said: string[] = []
    for (const [step, offset] of STEPS.entries()) {
      clock!.set(offset)
      expect(await aheadBy()).toBe(offset / HOUR)
      for (let n = 0; n < WORDS_A_STEP; n++) {
        const word = `${step}-${n}`
        const { channels } = people[n % PEOPLE]!
        await Promise.all(['open', 'kept:a'].map((name) => channels.get(name).publish('n', word)))
        ann.sendJson(word)
        said.push(word)
      }
      await bob.message(`${step}-${WORDS_A_STEP - 1}`)
      await expectEnds(`lost-${step}`, leaves)
    }
    await eventually(
      () => heard.every((one) => Object.values(one).every((words) => words.length >= said.length)),
      'all is heard',
    )
    for (const one of heard) expect(one).toEqual({ open: said, 'kept:a': said })
    const itty = bob.frames.flatMap(({ message }) => (message === undefined ? [] : [message]))
    expect(itty).toEqual(said)
    const pages = await app.pages<Told>('/channels/kept%3Aa/messages?direction=forwards&limit=1000')
    const kept = pages.flat()
    expect(kept.map(({ data }) => data)).toEqual(said)
    const moments = kept.map(({ timestamp }) => timestamp)
    expect(moments).toEqual(moments.toSorted((a, b) => a - b))
    expect(people.map(({ connection }) => [connection.state, connection.id])).toEqual(
      ids.map((id) => ['connected', id]),
    )
    expect(leaves.filter((name) => name.startsWith('person'))).toEqual([])
    expect(server.logs.filter(({ level }) => level === 'ERROR' || level === 'FATAL')).toEqual([])
    console.log(
      `${STEPS.length} steps, ${said.length} words on three channels, ${PEOPLE} people: each heard all, nobody left`,
    )
    for (const one of [ann, bob]) one.close()
  },
  110_000,
)

/** How many hours the clock of the server is ahead of ours. */
async function aheadBy(): Promise<number> {
  const { body } = await app.ask<number[]>('/time')
  return Math.round((body[0]! - Date.now()) / HOUR / 1000) + 0
}

/** A member whose network is gone leaves, and a token ends, as soon as ever. */
async function expectEnds(clientId: string, leaves: readonly string[]): Promise<void> {
  const client = await FrameClient.connected(app, `key=${app.keys[0]}&v=6&clientId=${clientId}`)
  await client.attach('open')
  client.send({ action: ACTION.PRESENCE, channel: 'open', msgSerial: 0, presence: [{ action: 2 }] })
  await client.next(ACTION.ACK)
  const from = performance.now()
  client.terminate()
  const token = await app.token({ ttl: TTL_MS })
  const outcome = async () => {
    const { status, body } = await app.ask<ErrorBody>('/channels/x/messages', { as: token })
    return status === 200 ? 0 : body.error.code
  }
  expect(await outcome()).toBe(0)
  await eventually(async () => (await outcome()) === 40142, 'the token ends', 3 * TTL_MS)
  const ended = performance.now() - from
  await eventually(() => leaves.includes(clientId), 'who vanished leaves', 30_000)
  console.log(
    `a token of ${TTL_MS / 1000} s ended after ${(ended / 1000).toFixed(1)} s, who vanished left after ${((performance.now() - from) / 1000).toFixed(1)} s`,
  )
}
