/** One publisher to many subscribers of one channel, alone and in bursts: the heart of the matter. */
import type { Benchmark, Metric, Session, Target, Variant } from './benchmark.ts'
import {
  chatMessage,
  clientFrame,
  messageEnvelope,
  repeatFrame,
  serverFrameBytes,
} from './payload.ts'
import { joinAll } from './peer.ts'
import { burstSender, flow, probe, settle, type Stage } from './pump.ts'
import { startServer } from './server.ts'
import { Tally } from './stopwatch.ts'

const MESSAGE = chatMessage(200)
const BURST = 100

type FanoutOptions = Pick<Benchmark, 'parts'> & Partial<Benchmark>

export const fanout = sizedFanout(1000, {
  name: 'fanout',
  parts: 8,
  metrics: fanoutMetrics({
    burstRate: { of: 'ratio', is: 'at least', limit: 0.9 },
    loneCpu: { of: 'ratio', is: 'at most', limit: 1.15 },
  }),
})

/**
 * Other sizes of the crowd. Filling a channel of 10,000 announces 50 million joins, and two such crowds
 * are more open files than many systems grant, so that one is measured in one part and few rounds.
 */
export const sweep: readonly Benchmark[] = [
  sizedFanout(10, { parts: 4, roundsAtMost: 2 }),
  sizedFanout(100, { parts: 4, roundsAtMost: 2 }),
  sizedFanout(10_000, { parts: 1, roundsAtMost: 1 }),
]

function sizedFanout(subscribers: number, overrides: FanoutOptions): Benchmark {
  // A single part must be long enough on its own.
  const stretch = overrides.parts > 1 ? 1 : 4
  return {
    name: `sweep-${subscribers}`,
    summary: `1 publisher to ${subscribers.toLocaleString('en')} subscribers, 200-byte messages, 1 and 100 in flight`,
    metrics: fanoutMetrics(),
    open: async (variant, scale) =>
      openFanout(await prepared(variant, subscribers), scale.seconds * stretch),
    ...overrides,
  }
}

/** What `openFanout` measures. @param targets by the key of the metric */
export function fanoutMetrics(targets: Readonly<Record<string, Target>> = {}): readonly Metric[] {
  const target = (key: string) => (targets[key] ? { target: targets[key] } : {})
  return [
    {
      key: 'burstRate',
      better: 'more',
      label: '100 in flight: k deliveries/s',
      digits: 0,
      ...target('burstRate'),
    },
    {
      key: 'burstCpu',
      better: 'less',
      label: '100 in flight: server CPU s per million',
      digits: 3,
      ...target('burstCpu'),
    },
    {
      key: 'burstLoad',
      label: '100 in flight: load of the server',
      digits: 2,
      ...target('burstLoad'),
    },
    {
      key: 'loneRate',
      better: 'more',
      label: '1 in flight: k deliveries/s',
      digits: 0,
      ...target('loneRate'),
    },
    {
      key: 'loneCpu',
      better: 'less',
      label: '1 in flight: server CPU s per million',
      digits: 2,
      ...target('loneCpu'),
    },
    { key: 'loneLoad', label: '1 in flight: load of the server', digits: 2, ...target('loneLoad') },
  ]
}

/** Measures in bursts, then one by one. @param seconds of each */
export async function openFanout(stage: Stage, seconds: number): Promise<Session> {
  const { server, crowd } = stage
  const burst = new Tally()
  const lone = new Tally()
  const measure = async (tally: Tally, window: number) => {
    const done = await flow({ ...stage, window }, seconds)
    tally.add(done.messages * crowd.peers.length, done)
  }
  await measure(new Tally(), BURST)
  return {
    part: async () => {
      await measure(burst, BURST)
      await measure(lone, 1)
    },
    sample: () => ({
      burstRate: burst.perSecond / 1000,
      burstCpu: burst.cpuEach * 1e6,
      burstLoad: burst.load,
      loneRate: lone.perSecond / 1000,
      loneCpu: lone.cpuEach * 1e6,
      loneLoad: lone.load,
    }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** A channel with its subscribers and its publisher, joined, silent, and its frame checked. */
async function prepared(variant: Variant, subscribers: number): Promise<Stage> {
  const server = await startServer(variant)
  const channel = 'bench/fan-out'
  const [publisher] = (await joinAll(server.port, [channel])).peers
  const crowd = await joinAll(
    server.port,
    Array.from({ length: subscribers }, () => channel),
  )
  await settle(crowd, publisher!.crowd)
  const frame = clientFrame(MESSAGE)
  const publish = burstSender(publisher!, repeatFrame(frame, BURST), frame.length)
  const expected = messageEnvelope(MESSAGE)
  await probe(crowd, () => publish(1), expected)
  return { server, crowd, publish, bytesPerMessage: serverFrameBytes(expected) * subscribers }
}
