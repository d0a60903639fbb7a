/** Random changes by clients of both formats, over lost connections and restarts: in the end everybody has the same. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type Ably from 'ably'
import { LiveCounter, LiveMap, LiveObjects } from 'ably/liveobjects'
import { AblyApp } from '../../../../support/ably-app.ts'
import { Clients } from '../../../../support/ably.ts'
import { eventually } from '../../../../support/client.ts'
import { RestartableServer } from '../../../../support/restartable.ts'

let server: RestartableServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await RestartableServer.start('--sandbox')
  app = await AblyApp.make(server.url)
})
afterEach(() => clients.end())
afterAll(() => server.end())

/** A small generator, so that a failure can be run again. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const modes: Ably.ChannelMode[] = ['OBJECT_SUBSCRIBE', 'OBJECT_PUBLISH']
const KEYS = ['a', 'b', 'c.d', '__proto']
const MAPS = ['m', 'n']

async function open(room: string, useBinaryProtocol: boolean) {
  const client = await clients.connected({
    useBinaryProtocol,
    plugins: { LiveObjects },
    disconnectedRetryTimeout: 100,
  })
  const channel = client.channels.get(room, { modes })
  return { client, root: await channel.object.get() }
}

type Opened = Awaited<ReturnType<typeof open>>

async function change({ root }: Opened, next: (below: number) => number): Promise<void> {
  const key = KEYS[next(KEYS.length)]!
  const at = MAPS[next(MAPS.length)]!
  const map = root.get(at)
  switch (next(8)) {
    case 0:
      return root.set(at, LiveMap.create({ [key]: next(100) }))
    case 1:
      return root.remove(key)
    case 2:
    case 3:
      return root.set(key, next(2) === 0 ? `text ${next(100)}` : Buffer.from([next(256)]))
    case 4:
      return map.instance() ? map.set(key, next(100)) : undefined
    case 5:
      return map.instance() ? map.set('counter', LiveCounter.create(next(10))) : undefined
    default:
      return root.get('total').increment(1 + next(5))
  }
}

const tree = async (room: string): Promise<unknown> =>
  (await app.ask(`/channels/${room}/object?compact=false`)).body

async function begin(isOrderly: boolean): Promise<void> {
  if (isOrderly) return server.restart()
  await server.kill()
  return server.start()
}

test.each([1, 2])(
  'seed %p',
  async (seed) => {
    const next = chance(seed)
    const room = `random-${seed}`
    const all = await Promise.all([open(room, true), open(room, false), open(room, true)])
    await all[0]!.root.set('total', LiveCounter.create(0))
    for (const { root } of all)
      await eventually(() => root.get('total').instance() !== undefined, 'the counter is there')
    for (let round = 0; round < 12; round++) {
      const changes = all.flatMap((one) =>
        Array.from({ length: 8 }, () => change(one, next).catch(() => undefined)),
      )
      // What is on its way when the server goes down may be done, or not; what was acknowledged is there.
      if (round === 2 || round === 6) await begin(round === 2)
      await Promise.all(changes)
      if (round === 4 || round === 8) {
        const before = await tree(room)
        await begin(round === 4)
        expect(await tree(room)).toEqual(before)
      }
      for (const { client } of all) await client.connection.whenState('connected')
    }
    const late = await open(room, false)
    const settled = () => late.root.compactJson()
    await late.root.set('end', seed)
    for (const { root } of all) {
      await eventually(() => root.get('end').value() === seed, 'the end came')
      expect(root.compactJson()).toEqual(settled())
    }
    expect((await app.ask(`/channels/${room}/object`)).body).toEqual(settled() as never)
  },
  60_000,
)
