/** How fast newcomers get in: TCP, upgrade, own join received, and announced to those who are there. */
import type { Benchmark, Scale, Session, Variant } from './benchmark.ts'
import { type Crowd, joinAll } from './peer.ts'
import { settle } from './pump.ts'
import { type ServerProcess, startServer } from './server.ts'
import { startWatch, Tally } from './stopwatch.ts'

const IN_FLIGHT = 100
const CHANNELS = 1000
const BATCH = 4000
const IDLE_MS = 100

export const joins: Benchmark = {
  name: 'joins',
  summary: 'joins with 100 handshakes in flight, 4 members on each of 1,000 channels',
  metrics: [
    {
      key: 'rate',
      label: 'joins/s',
      digits: 0,
      target: { of: 'ratio', is: 'at least', limit: 0.7 },
    },
    { key: 'load', label: 'load of the server', digits: 2 },
    // The kernel's share of a handshake falls on the generator, so the server is not always the limit.
    {
      key: 'perCpu',
      label: 'joins per second of server CPU',
      digits: 0,
      target: { of: 'ratio', is: 'at least', limit: 0.7 },
    },
  ],
  parts: 4,
  roundsAtMost: 3,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const server = await startServer(variant)
  const batch = scale.quick ? BATCH / 2 : BATCH
  const names = Array.from({ length: batch }, (_, at) => `bench/joins-${at % CHANNELS}`)
  await leave(await joinAll(server.port, names, IN_FLIGHT), server)
  const tally = new Tally()
  return {
    part: async () => {
      const stop = startWatch(server)
      const crowd = await joinAll(server.port, names, IN_FLIGHT)
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
