/** Resident memory of the server for a connection that does nothing, beyond what the warm server holds. */
import type { Benchmark, Sample, Scale, Session, Variant } from './benchmark.ts'
import { joinAll } from './peer.ts'
import { settle } from './pump.ts'
import { type ServerProcess, startServer } from './server.ts'

const CHANNELS = 1000
const STEADY_MS = 1500
const STEADY_BYTES = 256 * 1024
const STEADY_WITHIN_MS = 10_000

export const memory: Benchmark = {
  name: 'memory',
  summary: '10,000 idle connections over 1,000 channels',
  metrics: [
    {
      key: 'perConnection',
      label: 'KB per idle connection',
      digits: 2,
      target: { of: 'excess', is: 'at most', limit: 2 },
    },
    { key: 'warm', label: 'MB of the warm server without connections', digits: 1 },
  ],
  parts: 1,
  roundsAtMost: 2,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const server = await startServer(variant)
  let sample: Sample = {}
  return {
    part: async () => {
      sample = await fill(server, scale.quick ? 3000 : 10_000)
    },
    sample: () => sample,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function fill(server: ServerProcess, connections: number): Promise<Sample> {
  const warmUp = await joinAll(server.port, names(CHANNELS))
  await settle(warmUp)
  warmUp.terminate()
  const warm = await steadyBytes(server)
  const crowd = await joinAll(server.port, names(connections))
  await settle(crowd)
  const full = await steadyBytes(server)
  crowd.terminate()
  return { perConnection: (full - warm) / connections / 1024, warm: warm / 1e6 }
}

/** Resident memory once it has stopped to move, that is after the garbage collector's timers have run. */
async function steadyBytes(server: ServerProcess): Promise<number> {
  const deadline = performance.now() + STEADY_WITHIN_MS
  let seen = server.residentBytes()
  let since = performance.now()
  while (performance.now() < deadline && performance.now() - since < STEADY_MS) {
    await Bun.sleep(100)
    const now = server.residentBytes()
    if (Math.abs(now - seen) < STEADY_BYTES) continue
    seen = now
    since = performance.now()
  }
  return server.residentBytes()
}

function names(connections: number): string[] {
  return Array.from({ length: connections }, (_, at) => `bench/idle-${at % CHANNELS}`)
}
