/** Readers that stop reading while their channel is flooded: the server must drop them and not fill up. */
import type { Benchmark, Sample, Scale, Session, Variant } from './benchmark.ts'
import {
  chatMessage,
  clientFrame,
  messageEnvelope,
  repeatFrame,
  serverFrameBytes,
} from './payload.ts'
import { type Crowd, joinAll } from './peer.ts'
import { burstSender, flow, type Loop, probe, settle } from './pump.ts'
import { type ServerProcess, startServer } from './server.ts'
import { Tally } from './stopwatch.ts'

const MESSAGE = chatMessage(1000)
const CHANNEL = 'bench/stalled'
const READERS = 50
const WINDOW = 100
// The kernel buffers a few megabytes for a stalled reader before the server's own backlog grows.
const FLOOD_BYTES = 24e6
const GONE_WITHIN_MS = 10_000

export const stalled: Benchmark = {
  name: 'stalled',
  summary: '50 readers stop reading while 50 others keep up with a flood of 1,000-byte messages',
  metrics: [
    {
      key: 'added',
      better: 'less',
      label: 'MB of RSS that they add at the worst',
      digits: 1,
      target: { of: 'value', is: 'at most', limit: 60 },
    },
    {
      key: 'gone',
      better: 'more',
      label: 'stalled readers gone, of 50',
      digits: 0,
      target: { of: 'value', is: 'at least', limit: READERS },
    },
    { key: 'rate', better: 'more', label: 'k deliveries/s to those who keep up', digits: 0 },
  ],
  parts: 1,
  roundsAtMost: 3,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const server = await startServer(variant)
  const loop = await preparedLoop(server)
  let sample: Sample = {}
  return {
    part: async () => {
      sample = await compare(server, loop, scale.quick ? FLOOD_BYTES / 2 : FLOOD_BYTES)
    },
    sample: () => sample,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The same flood twice: with those who keep up alone, then with the stalled among them. */
async function compare(server: ServerProcess, loop: Loop, bytes: number): Promise<Sample> {
  const without = await flood(server, loop, bytes)
  const dead = await joinAll(
    server.port,
    Array.from({ length: READERS }, () => CHANNEL),
  )
  await settle(loop.crowd, dead)
  for (const peer of dead.peers) peer.pause()
  const withThem = await flood(server, loop, bytes)
  return {
    added: (withThem.worst - without.worst) / 1e6,
    gone: await gone(dead),
    rate: withThem.tally.perSecond / 1000,
  }
}

/** Publishes until everybody has been sent that many bytes, watching the server's memory. */
async function flood(server: ServerProcess, loop: Loop, bytes: number) {
  const tally = new Tally()
  let worst = server.residentBytes()
  const watch = setInterval(() => {
    worst = Math.max(worst, server.residentBytes())
  }, 10)
  while (tally.count * loop.bytesPerMessage < bytes * READERS * READERS) {
    const done = await flow(loop, 0.1)
    tally.add(done.messages * READERS, done)
  }
  clearInterval(watch)
  return { worst, tally }
}

/** Reads again, to learn from what is left in the sockets whether the server had closed them. */
async function gone(dead: Crowd): Promise<number> {
  const deadline = performance.now() + GONE_WITHIN_MS
  for (const peer of dead.peers) peer.resume()
  while (dead.closed < READERS && performance.now() < deadline) await Bun.sleep(20)
  return dead.closed
}

async function preparedLoop(server: ServerProcess): Promise<Loop> {
  const [publisher] = (await joinAll(server.port, [CHANNEL])).peers
  const crowd = await joinAll(
    server.port,
    Array.from({ length: READERS }, () => CHANNEL),
  )
  await settle(crowd)
  const frame = clientFrame(MESSAGE)
  const publish = burstSender(publisher!, repeatFrame(frame, WINDOW), frame.length)
  const expected = messageEnvelope(MESSAGE)
  await probe(crowd, () => publish(1), expected)
  const bytesPerMessage = serverFrameBytes(expected) * READERS
  // The leaves of those who are dropped arrive among the messages.
  return { server, crowd, publish, bytesPerMessage, window: WINDOW, mixed: true }
}
