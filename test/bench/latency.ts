/**
 * From publish to delivery at a fixed rate, for every single delivery: frames have one known length and
 * arrive in order, so the n-th of a subscriber is the n-th that was sent, and nothing needs to be parsed.
 */
import type { Benchmark, Metric, Session, Variant } from './benchmark.ts'
import { chatMessage, clientFrame, messageEnvelope, serverFrameBytes } from './payload.ts'
import { joinAll } from './peer.ts'
import { burstSender, probe, settle, type Stage } from './pump.ts'
import { startServer } from './server.ts'
import { percentile } from './statistics.ts'
import { startWatch, Tally } from './stopwatch.ts'

const MESSAGE = chatMessage(200)
const SUBSCRIBERS = 1000
const RATE = 50

/** What `openLatency` measures. */
export const LATENCY_METRICS: readonly Metric[] = [
  { key: 'p50', better: 'less', label: 'p50 ms', digits: 2 },
  {
    key: 'p99',
    better: 'less',
    label: 'p99 ms',
    digits: 2,
    target: { of: 'ratio', is: 'at most', limit: 1.5 },
  },
  { key: 'p999', label: 'p99.9 ms', digits: 2 },
  { key: 'cpu', better: 'less', label: 'server CPU s per million', digits: 2 },
]

export const latency: Benchmark = {
  name: 'latency',
  summary: `publish to delivery, ${RATE} messages a second to 1,000 subscribers`,
  metrics: LATENCY_METRICS,
  parts: 4,
  roundsAtMost: 3,
  open: async (variant, scale) => openLatency(await prepared(variant), scale.seconds),
}

async function prepared(variant: Variant): Promise<Stage> {
  const server = await startServer(variant)
  const channel = 'bench/latency'
  const [publisher] = (await joinAll(server.port, [channel])).peers
  const crowd = await joinAll(
    server.port,
    Array.from({ length: SUBSCRIBERS }, () => channel),
  )
  await settle(crowd, publisher!.crowd)
  const frame = clientFrame(MESSAGE)
  const publish = burstSender(publisher!, frame, frame.length)
  const expected = messageEnvelope(MESSAGE)
  await probe(crowd, () => publish(1), expected)
  return { server, crowd, publish, bytesPerMessage: serverFrameBytes(expected) * SUBSCRIBERS }
}

/** Measures at the fixed rate. Everybody in the crowd gets as many bytes. */
export async function openLatency(stage: Stage, seconds: number): Promise<Session> {
  const { server } = stage
  const collect = (length: number) => delays(stage, Math.round(RATE * length))
  await collect(seconds)
  const all: number[] = []
  const tally = new Tally()
  return {
    part: async () => {
      const stop = startWatch(server)
      const found = await collect(seconds * 2)
      tally.add(found.length, stop())
      for (const delay of found) all.push(delay)
    },
    sample: () => {
      const sorted = Float64Array.from(all).sort()
      return {
        p50: percentile(sorted, 0.5),
        p99: percentile(sorted, 0.99),
        p999: percentile(sorted, 0.999),
        cpu: tally.cpuEach * 1e6,
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Sends at the fixed rate, however late the deliveries are, and returns every delay in ms. */
async function delays(
  { bytesPerMessage, crowd, publish }: Stage,
  messages: number,
): Promise<Float64Array> {
  const subscribers = crowd.peers.length
  const frameBytes = bytesPerMessage / subscribers
  const sentAt = new Float64Array(messages)
  const received = new Float64Array(subscribers)
  const found = new Float64Array(messages * subscribers)
  let count = 0
  crowd.onBytes = (peer, bytes) => {
    const now = performance.now()
    const before = received[peer.index]!
    received[peer.index] = before + bytes
    const last = Math.floor((before + bytes) / frameBytes)
    for (let at = Math.floor(before / frameBytes); at < last; at++)
      found[count++] = now - sentAt[at]!
  }
  const start = performance.now()
  for (let at = 0; at < messages; at++) {
    const due = start + (at * 1000) / RATE
    while (performance.now() < due) await Bun.sleep(Math.max(0, due - performance.now()))
    sentAt[at] = performance.now()
    publish(1)
  }
  await settle(crowd)
  crowd.onBytes = undefined
  if (count !== found.length) throw new Error(`${found.length - count} deliveries are missing`)
  return found
}
