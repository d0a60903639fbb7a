/**
 * From publish to delivery at a fixed rate, for every single delivery: frames have one known length and
 * arrive in order, so the n-th of a subscriber is the n-th that was sent, and nothing needs to be parsed.
 */
import type { Benchmark, Scale, Session, Variant } from './benchmark.ts'
import { chatMessage, clientFrame, messageEnvelope, serverFrameBytes } from './payload.ts'
import { type Crowd, joinAll, type Peer } from './peer.ts'
import { probe, settle } from './pump.ts'
import { startServer } from './server.ts'
import { percentile } from './statistics.ts'
import { startWatch, Tally } from './stopwatch.ts'

const MESSAGE = chatMessage(200)
const FRAME_BYTES = serverFrameBytes(messageEnvelope(MESSAGE))
const SUBSCRIBERS = 1000
const RATE = 50

export const latency: Benchmark = {
  name: 'latency',
  summary: 'publish to delivery, 50 messages a second to 1,000 subscribers',
  metrics: [
    { key: 'p50', label: 'p50 ms', digits: 2 },
    { key: 'p99', label: 'p99 ms', digits: 2, target: { of: 'ratio', is: 'at most', limit: 1.5 } },
    { key: 'p999', label: 'p99.9 ms', digits: 2 },
    { key: 'cpu', label: 'server CPU s per million', digits: 2 },
  ],
  parts: 4,
  roundsAtMost: 3,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const server = await startServer(variant)
  const channel = 'bench/latency'
  const [publisher] = (await joinAll(server.port, [channel])).peers
  const crowd = await joinAll(
    server.port,
    Array.from({ length: SUBSCRIBERS }, () => channel),
  )
  await settle(crowd, publisher!.crowd)
  const frame = clientFrame(MESSAGE)
  await probe(crowd, () => publisher!.send(frame), messageEnvelope(MESSAGE))

  const collect = (seconds: number) => delays(crowd, publisher!, frame, Math.round(RATE * seconds))
  await collect(scale.seconds)
  const all: number[] = []
  const tally = new Tally()
  return {
    part: async () => {
      const stop = startWatch(server)
      const found = await collect(scale.seconds * 2)
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
  crowd: Crowd,
  publisher: Peer,
  frame: Uint8Array,
  messages: number,
): Promise<Float64Array> {
  const sentAt = new Float64Array(messages)
  const received = new Float64Array(SUBSCRIBERS)
  const found = new Float64Array(messages * SUBSCRIBERS)
  let count = 0
  crowd.onBytes = (peer, bytes) => {
    const now = performance.now()
    const before = received[peer.index]!
    received[peer.index] = before + bytes
    const last = Math.floor((before + bytes) / FRAME_BYTES)
    for (let at = Math.floor(before / FRAME_BYTES); at < last; at++)
      found[count++] = now - sentAt[at]!
  }
  const start = performance.now()
  for (let at = 0; at < messages; at++) {
    const due = start + (at * 1000) / RATE
    while (performance.now() < due) await Bun.sleep(Math.max(0, due - performance.now()))
    sentAt[at] = performance.now()
    publisher.send(frame)
  }
  await settle(crowd)
  crowd.onBytes = undefined
  if (count !== found.length) throw new Error(`${found.length - count} deliveries are missing`)
  return found
}
