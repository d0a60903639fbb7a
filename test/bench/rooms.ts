/** Many small channels: 1,000 of two members, where one sends and the other receives, 1,000 messages in flight. */
import type { Benchmark, Metric, Session, Target, Variant } from './benchmark.ts'
import { chatMessage, clientFrame, messageEnvelope, serverFrameBytes } from './payload.ts'
import { joinAll } from './peer.ts'
import { flow, probe, settle, type Stage } from './pump.ts'
import { startServer } from './server.ts'
import { Tally } from './stopwatch.ts'

const MESSAGE = chatMessage(200)
export const ROOMS = 1000

/** What `openRooms` measures. @param target of the rate */
export const roomsMetrics = (target?: Target): readonly Metric[] => [
  { key: 'rate', better: 'more', label: 'k deliveries/s', digits: 1, ...(target && { target }) },
  { key: 'cpu', better: 'less', label: 'server CPU s per million', digits: 2 },
  { key: 'load', label: 'load of the server', digits: 2 },
]

export const rooms: Benchmark = {
  name: 'rooms',
  summary: '1,000 channels of 2 members, each publishing in turn, 1,000 messages in flight',
  metrics: roomsMetrics({ of: 'ratio', is: 'at least', limit: 0.8 }),
  parts: 8,
  open: async (variant, scale) => openRooms(await prepared(variant), scale.seconds),
}

/** Measures with a thousand messages in flight. @param warmUp how many times as long it goes on before */
export async function openRooms(stage: Stage, seconds: number, warmUp = 2): Promise<Session> {
  const loop = { ...stage, window: ROOMS }
  await flow(loop, seconds * warmUp)
  const tally = new Tally()
  return {
    part: async () => {
      const done = await flow(loop, seconds)
      tally.add(done.messages, done)
    },
    sample: () => ({ rate: tally.perSecond / 1000, cpu: tally.cpuEach * 1e6, load: tally.load }),
    [Symbol.asyncDispose]: () => stage.server[Symbol.asyncDispose](),
  }
}

async function prepared(variant: Variant): Promise<Stage> {
  const server = await startServer(variant)
  const channels = Array.from({ length: ROOMS }, (_, room) => `bench/room-${room}`)
  const publishers = await joinAll(server.port, channels)
  const crowd = await joinAll(server.port, channels)
  await settle(publishers, crowd)
  const frame = clientFrame(MESSAGE)
  let turn = 0
  const publish = (count: number) => {
    for (let i = 0; i < count; i++) publishers.peers[turn++ % ROOMS]!.send(frame)
  }
  const expected = messageEnvelope(MESSAGE)
  await probe(crowd, () => publish(1), expected)
  return { server, crowd, publish, bytesPerMessage: serverFrameBytes(expected) }
}
