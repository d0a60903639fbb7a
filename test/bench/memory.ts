/** Resident memory of the server for a connection that does nothing, beyond what the warm server holds. */
import type { Benchmark, Metric, Sample, Scale, Session } from './benchmark.ts'
import { type Door, ittyDoor } from './door.ts'
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
  metrics: memoryMetrics(2),
  parts: 1,
  roundsAtMost: 2,
  open: async (variant, scale) => openMemory(await startServer(variant), ittyDoor, scale),
}

/** What `openMemory` measures. @param excess of a connection over one to the bare server, in KB */
export function memoryMetrics(excess: number): readonly Metric[] {
  return [
    {
      key: 'perConnection',
      better: 'less',
      label: 'KB per idle connection',
      digits: 2,
      target: { of: 'excess', is: 'at most', limit: excess },
    },
    { key: 'warm', better: 'less', label: 'MB of the warm server without connections', digits: 1 },
  ]
}

export async function openMemory(
  server: ServerProcess,
  door: Door,
  scale: Scale,
): Promise<Session> {
  let sample: Sample = {}
  return {
    part: async () => {
      sample = await fill(server, door, scale.quick ? 3000 : 10_000)
    },
    sample: () => sample,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function fill(server: ServerProcess, door: Door, connections: number): Promise<Sample> {
  const warmUp = await joinAll(server.port, names(CHANNELS), door)
  await settle(warmUp)
  warmUp.terminate()
  const warm = await steadyBytes(server)
  const crowd = await joinAll(server.port, names(connections), door)
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
