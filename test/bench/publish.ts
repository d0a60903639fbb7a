/**
 * Publishing itself, by every way in: to nobody, where nothing else is left of the cost, and to one.
 *
 * Bytes allocated come from a second process of each variant, whose engine never collects (`BUN_JSC_useGC=0`):
 * what its resident memory grows by is what was allocated for objects, strings and buffers, and what the channel
 * keeps; what native code frees by hand is not in it. Two runs differ by one or two percent.
 */
import { realtimePublisher } from './ably/publishers.ts'
import type { Benchmark, Metric, Scale, Session, Variant } from './benchmark.ts'
import {
  chatMessage,
  clientFrame,
  messageEnvelope,
  PING,
  PONG,
  repeatFrame,
  serverFrameBytes,
} from './payload.ts'
import { joinAll } from './peer.ts'
import { burstSender, flow, probe, settle, type Stage } from './pump.ts'
import type { Publisher } from './publisher.ts'
import { restPublisher } from './rest-publisher.ts'
import { type StartOptions, startServer } from './server.ts'
import { Tally } from './stopwatch.ts'

const CHANNEL = 'bench/publish'
const MESSAGE = chatMessage(200)
const IN_FLIGHT = 100
const WARM_UP = 8
/** Messages before bytes are counted: code is compiled and the memory of a channel is full by then. */
const ALLOCATE_AFTER = 20_000
/** So much that the pages which the kernel counts by, and what native code keeps in stock, are a hundredth. */
const ALLOCATE_BYTES = 256e6
const SLICE_SECONDS = 0.1

type Open = (variant: Variant, listeners: number, options: StartOptions) => Promise<Publisher>

const WAYS: Readonly<Record<string, Open>> = {
  itty: (...wish) => (wish[1] === 0 ? ittyToNobody(wish[0], wish[2]) : ittyToOne(wish[0], wish[2])),
  realtime: async (...wish) => looping(await realtimePublisher(...wish), IN_FLIGHT),
  rest: restPublisher,
}

const METRICS: readonly Metric[] = [
  { key: 'rate', better: 'more', label: 'k publishes/s', digits: 1 },
  { key: 'cpu', better: 'less', label: 'server CPU s per million', digits: 2 },
  { key: 'load', label: 'load of the server', digits: 2 },
  { key: 'allocated', better: 'less', label: 'bytes allocated per publish', digits: 0 },
]

export const publish: readonly Benchmark[] = ['nobody', 'one'].flatMap((audience, listeners) =>
  Object.entries(WAYS).map(([way, open]) => ({
    name: `publish-to-${audience}-${way}`,
    summary: `200-byte messages to ${audience} over ${way === 'rest' ? 'REST' : way}, one channel`,
    metrics: METRICS,
    parts: 8,
    roundsAtMost: 3,
    open: (variant: Variant, scale: Scale) =>
      openPublish((options) => open(variant, listeners, options), scale),
  })),
)

async function openPublish(
  open: (options: StartOptions) => Promise<Publisher>,
  scale: Scale,
): Promise<Session> {
  const allocated = await bytesAllocated(await open({ keepsGarbage: true }), scale)
  const publisher = await open({})
  const { server } = publisher
  await publisher.run(scale.seconds * WARM_UP)
  const tally = new Tally()
  return {
    part: async () => {
      const done = await publisher.run(scale.seconds)
      tally.add(done.messages, done)
    },
    sample: () => ({
      rate: tally.perSecond / 1000,
      cpu: tally.cpuEach * 1e6,
      load: tally.load,
      allocated,
    }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** What one publish allocates, by a server that keeps its garbage; which is stopped then. */
async function bytesAllocated(publisher: Publisher, { quick }: Scale): Promise<number> {
  await using server = publisher.server
  const goOn = async () => (await publisher.run(SLICE_SECONDS)).messages
  for (let messages = 0; messages < ALLOCATE_AFTER;) messages += await goOn()
  const before = server.residentBytes()
  const enough = before + (quick ? ALLOCATE_BYTES / 4 : ALLOCATE_BYTES)
  let messages = 0
  while (server.residentBytes() < enough) messages += await goOn()
  return (server.residentBytes() - before) / messages
}

function looping(stage: Stage, window: number, messagesEach = 1): Publisher {
  const loop = { ...stage, window }
  return {
    server: stage.server,
    run: async (seconds) => {
      const done = await flow(loop, seconds)
      return { ...done, messages: done.messages * messagesEach }
    },
  }
}

async function ittyToOne(variant: Variant, options: StartOptions): Promise<Publisher> {
  const server = await startServer(variant, options)
  const publishers = await joinAll(server.port, [CHANNEL])
  const crowd = await joinAll(server.port, [CHANNEL])
  await settle(crowd, publishers)
  const frame = clientFrame(MESSAGE)
  const send = burstSender(publishers.peers[0]!, repeatFrame(frame, IN_FLIGHT), frame.length)
  const expected = messageEnvelope(MESSAGE)
  await probe(crowd, () => send(1), expected)
  const bytesPerMessage = serverFrameBytes(expected)
  return looping({ server, crowd, publish: send, bytesPerMessage }, IN_FLIGHT)
}

/** Nothing comes back, so there is a ping behind every burst: its pong says that the burst has been read. */
async function ittyToNobody(variant: Variant, options: StartOptions): Promise<Publisher> {
  const server = await startServer(variant, options)
  const crowd = await joinAll(server.port, [CHANNEL])
  await settle(crowd)
  const half = IN_FLIGHT / 2
  const burst = Buffer.concat([repeatFrame(clientFrame(MESSAGE), half), PING])
  const send = (count: number) => {
    for (let i = 0; i < count; i++) crowd.peers[0]!.send(burst)
  }
  return looping({ server, crowd, publish: send, bytesPerMessage: PONG.length }, 2, half)
}
