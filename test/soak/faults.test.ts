/**
 * Bad networks, restarts and crashes: many clients publish and listen while their connections are cut, stalled
 * and delayed. In the end each has heard every message once and in order, or was told that something is missing.
 */
import { afterEach, expect, test } from 'bun:test'
import { AblyApp } from '../support/ably-app.ts'
import { eventually } from '../support/client.ts'
import { FaultyProxy, seeded } from '../support/faulty-proxy.ts'
import { RestartableServer } from '../support/restartable.ts'
import {
  Crowd,
  type Heard,
  KINDS,
  type Member,
  type Said,
  type Words,
  disorderIn,
  faultIn,
  lossIn,
  prefixOf,
} from './crowd.ts'

const RULES = [
  { id: 'kept', persisted: true },
  { id: 'batched', batchingEnabled: true, batchingInterval: 30 },
]
const KEPT = 'kept:room'
const CHANNELS = ['open', KEPT, 'batched:room']

/** What is to be ended, the last first. */
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

class World {
  readonly server: RestartableServer
  readonly proxy: FaultyProxy
  readonly crowd: Crowd
  readonly #random: () => number

  private constructor(
    server: RestartableServer,
    proxy: FaultyProxy,
    crowd: Crowd,
    random: () => number,
  ) {
    this.server = server
    this.proxy = proxy
    this.crowd = crowd
    this.#random = random
  }

  static async make(seed: number): Promise<World> {
    const random = seeded(seed)
    const server = await RestartableServer.start('--sandbox', '--connection-rate', '0')
    ends.push(() => server.end())
    const proxy = await FaultyProxy.start(() => server.port, random)
    ends.push(() => proxy.end())
    const crowd = new Crowd(await AblyApp.make(server.url, [], RULES), proxy.port, CHANNELS, random)
    ends.push(() => crowd.end())
    await crowd.assemble()
    return new World(server, proxy, crowd, random)
  }

  /** Something happens to one of the connections every few milliseconds. */
  async chaos(ms: number): Promise<void> {
    const until = performance.now() + ms
    this.proxy.refusals = 0.1
    while (performance.now() < until) {
      this.proxy.misbehave()
      await Bun.sleep(this.#random() * 40)
    }
  }

  /** Ends the chaos; then everybody has heard everything, and sees everybody. */
  async check(): Promise<void> {
    this.proxy.behave()
    const published = await this.crowd.settle()
    const faults: string[] = []
    for (const channel of CHANNELS) {
      const said = await this.crowd.said(channel)
      expect(said.length).toBeGreaterThan(100)
      const own = published.filter((one) => one.channel === channel)
      faults.push(...disorderIn(said), ...lossIn(said, own))
      for (const member of this.crowd.members) {
        const fault = faultIn(member.heard.get(channel)!, meantFor(member, said))
        if (fault !== undefined) faults.push(`${member.kind.name} on ${channel}: ${fault}`)
      }
    }
    expect(faults).toEqual([])
    await this.#checkPresence()
  }

  async #checkPresence(): Promise<void> {
    const names = KINDS.map(({ name }) => name).toSorted()
    for (const member of this.crowd.members)
      await eventually(
        async () => (await member.sees('open')).join() === names.join(),
        `${member.kind.name} sees everybody`,
      )
  }

  /** Nothing was really lost, so nobody may have been told so, and every connection is the one it was. */
  checkContinuity(): void {
    for (const { connectionIds, heard, kind } of this.crowd.members) {
      expect({ kind: kind.name, connections: connectionIds.size }).toEqual({
        kind: kind.name,
        connections: 1,
      })
      for (const words of heard.values()) expect(words).not.toContain(null)
    }
  }
}

function meantFor({ kind }: Member, said: readonly Said[]): string[] {
  const isSilent = kind.options.echoMessages === false
  return said
    .map(({ word }) => word)
    .filter((word) => !isSilent || !word.startsWith(`${kind.name}/`))
}

/** Each run has other numbers, and one that fails says with which it can be repeated: `SEED=… bun test …`. */
function soak(name: string, run: (world: World) => Promise<void>): void {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  test(
    name,
    async () => {
      try {
        await run(await World.make(seed))
      } catch (error) {
        process.stdout.write(`SEED=${seed}\n`)
        throw error
      }
    },
    60_000,
  )
}

soak('over a bad network everybody hears everything once and in order', async (world) => {
  world.crowd.start()
  await world.chaos(9000)
  await world.check()
  world.checkContinuity()
  for (const count of Object.values(world.proxy.counts)) expect(count).toBeGreaterThan(0)
})

soak('and so across restarts of the server', async (world) => {
  world.crowd.start()
  for (let n = 0; n < 3; n++) {
    const chaos = world.chaos(2200)
    // Somewhere in the middle of it; nothing counts on what has happened by then.
    await Bun.sleep(1500)
    await world.server.restart()
    await chaos
  }
  await world.check()
  world.checkContinuity()
})

soak('after a crash everybody is told, and goes on from there', async (world) => {
  world.crowd.start()
  // Something to be lost; nothing counts on how much.
  await Bun.sleep(1000)
  await world.server.kill()
  await world.server.start()
  await world.chaos(1500)
  world.proxy.behave()
  const published = await world.crowd.settle()
  const faults: string[] = []
  for (const channel of CHANNELS) {
    const said = await world.crowd.said(channel)
    if (channel === KEPT)
      faults.push(
        ...lossIn(
          said,
          published.filter((one) => one.channel === KEPT),
        ),
      )
    for (const member of world.crowd.members) {
      const heard = member.heard.get(channel)!
      const meant = meantFor(member, said)
      const fault = heard.includes(null) ? faultAfterCrash(heard, meant) : 'it was not told'
      if (fault !== undefined) faults.push(`${member.kind.name} on ${channel}: ${fault}`)
    }
  }
  expect(faults).toEqual([])
})

/** Of what was heard before, the channel knows what was on the disk by then. */
function faultAfterCrash(heard: Heard, said: Words): string | undefined {
  const before = heard.slice(0, prefixOf(heard, said))
  return faultIn([...before, ...heard.slice(heard.indexOf(null))], said)
}
