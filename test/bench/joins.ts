/** How fast newcomers get in: TCP, upgrade, own join received, and announced to those who are there. */
import type { Benchmark, Metric, Scale, Session } from './benchmark.ts'
import { type Door, ittyDoor } from './door.ts'
import { type Crowd, joinAll } from './peer.ts'
import { settle } from './pump.ts'
import { type ServerProcess, startServer } from './server.ts'
import { startWatch, Tally } from './stopwatch.ts'

const CHANNELS = 1000
const BATCH = 4000
const IDLE_MS = 100

export const joins: Benchmark = {
  name: 'joins',
  summary: 'joins with 100 handshakes in flight, 4 members on each of 1,000 channels',
  metrics: joinMetrics(0.7),
  parts: 4,
  roundsAtMost: 3,
  open: async (variant, scale) => openJoins(await startServer(variant), ittyDoor, scale),
}

/** What `openJoins` measures. @param least share of the bare server's; undefined for no target */
export function joinMetrics(least: number | undefined): readonly Metric[] {
  const target =
    least === undefined ? {} : { target: { of: 'ratio', is: 'at least', limit: least } as const }
  return [
    { key: 'rate', better: 'more', label: 'joins/s', digits: 0, ...target },
    { key: 'load', label: 'load of the server', digits: 2 },
    // The kernel's share of a handshake falls on the generator, so the server is not always the limit.
    {
      key: 'perCpu',
      better: 'more',
      label: 'joins per second of server CPU',
      digits: 0,
      ...target,
    },
  ]
}

export async function openJoins(server: ServerProcess, door: Door, scale: Scale): Promise<Session> {
  const batch = scale.quick ? BATCH / 2 : BATCH
  const names = Array.from({ length: batch }, (_, at) => `bench/joins-${at % CHANNELS}`)
  await leave(await joinAll(server.port, names, door), server)
  const tally = new Tally()
  return {
    part: async () => {
      const stop = startWatch(server)
      const crowd = await joinAll(server.port, names, door)
      tally.add(batch, stop())
      await leave(crowd, server)
    },
    sample: () => ({ rate: tally.perSecond, load: tally.load, perCpu: 1 / tally.cpuEach }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Empties the server and waits until it has nothing left to do. */
async function leave(crowd: Crowd, server: ServerProcess): Promise<void> {
  await settle(crowd)
  crowd.terminate()
  let seen = -1
  let since = performance.now()
  while (performance.now() - since < IDLE_MS) {
    const now = server.cpuSeconds()
    if (now !== seen) since = performance.now()
    seen = now
    await Bun.sleep(20)
  }
}
