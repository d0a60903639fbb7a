/** HTTP push against a bare handler that parses the body and publishes: 32 connections kept alive, one listener. */
import type { Benchmark, Scale, Session, Variant } from './benchmark.ts'
import { chatMessage, pushEnvelope, serverFrameBytes } from './payload.ts'
import { joinAll } from './peer.ts'
import { ask, requestText } from './poster.ts'
import { settle } from './pump.ts'
import { type DataFolder, runCommand, startServer } from './server.ts'
import { startWatch, Tally } from './stopwatch.ts'

const MESSAGE = chatMessage(200)
const NAMESPACE = 'bench-push'
const SEND_KEY = 'bench-send-key'
const CHANNEL = `${NAMESPACE}/feed`
const REQUEST = requestText(`POST /push/${CHANNEL}`, { 'x-send-key': SEND_KEY }, MESSAGE)
/** Of the seconds that the scale gives: long turns, because each begins with caches that the other has filled. */
const PART = 3
const WARM_UP_PARTS = 10

export const push: Benchmark = {
  name: 'push',
  summary: 'POST /push of 200-byte messages, 32 connections kept alive, 1 listener on the channel',
  metrics: [
    {
      key: 'rate',
      better: 'more',
      label: 'k requests/s',
      digits: 1,
      target: { of: 'ratio', is: 'at least', limit: 0.7 },
    },
    { key: 'cpu', better: 'less', label: 'server CPU s per million', digits: 1 },
    { key: 'load', label: 'load of the server', digits: 2 },
  ],
  parts: 4,
  roundsAtMost: 3,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const server = await startServer(variant, { prepare: reserve })
  const listener = await joinAll(server.port, [CHANNEL])
  await settle(listener)
  // What is measured is compiled code; the longer a handler, the later it is that.
  await post(server.port, scale.seconds * WARM_UP_PARTS)
  await settle(listener)
  const tally = new Tally()
  return {
    part: async () => {
      const before = listener.bytes
      const stop = startWatch(server)
      const requests = await post(server.port, scale.seconds * PART)
      tally.add(requests, stop())
      await settle(listener)
      const delivered = (listener.bytes - before) / serverFrameBytes(pushEnvelope(MESSAGE))
      if (delivered !== requests) throw new Error(`${requests} pushes made ${delivered} deliveries`)
    },
    sample: () => ({ rate: tally.perSecond / 1000, cpu: tally.cpuEach * 1e6, load: tally.load }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function post(port: number, seconds: number): Promise<number> {
  return ask(port, [REQUEST], 200, seconds)
}

async function reserve(data: DataFolder): Promise<void> {
  await runCommand(data, 'reservations', 'add', NAMESPACE, '--send-key', SEND_KEY)
}
