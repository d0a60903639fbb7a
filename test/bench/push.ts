/** HTTP push against a bare handler that parses the body and publishes: 32 connections kept alive, one listener. */
import type { Socket, SocketHandler } from 'bun'
import type { Benchmark, Scale, Session, Variant } from './benchmark.ts'
import { chatMessage, pushEnvelope, serverFrameBytes } from './payload.ts'
import { joinAll, within } from './peer.ts'
import { settle } from './pump.ts'
import { startServer } from './server.ts'
import { startWatch, Tally } from './stopwatch.ts'

const MESSAGE = chatMessage(200)
const CONNECTIONS = 32
const RESERVED = { namespace: 'bench-push', sendKey: 'bench-send-key' }
const CHANNEL = `${RESERVED.namespace}/feed`
const FINISH_WITHIN_MS = 10_000
/** Of the seconds that the scale gives: long turns, because each begins with caches that the other has filled. */
const PART = 3
const WARM_UP_PARTS = 10

export const push: Benchmark = {
  name: 'push',
  summary: 'POST /push of 200-byte messages, 32 connections kept alive, 1 listener on the channel',
  metrics: [
    {
      key: 'rate',
      label: 'k requests/s',
      digits: 1,
      target: { of: 'ratio', is: 'at least', limit: 0.7 },
    },
    { key: 'cpu', label: 'server CPU s per million', digits: 1 },
    { key: 'load', label: 'load of the server', digits: 2 },
  ],
  parts: 4,
  roundsAtMost: 3,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const server = await startServer(variant, RESERVED)
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

/** Posts over all connections, each as soon as its last response is there, and waits for the last of all. */
async function post(port: number, seconds: number): Promise<number> {
  const poster = new Poster(port, performance.now() + seconds * 1000)
  await Promise.all(Array.from({ length: CONNECTIONS }, () => poster.connect()))
  const limit = seconds * 1000 + FINISH_WITHIN_MS
  const late = () => `a push was not answered after ${poster.requests} others`
  await within(limit, poster.finished.promise, late)
  return poster.requests
}

class Poster {
  requests = 0
  readonly finished = Promise.withResolvers<void>()
  readonly #port: number
  readonly #until: number
  readonly #request: Uint8Array
  #busy = CONNECTIONS

  constructor(port: number, until: number) {
    this.#port = port
    this.#until = until
    this.#request = new TextEncoder().encode(
      `POST /push/${CHANNEL} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
        `x-send-key: ${RESERVED.sendKey}\r\nContent-Length: ${MESSAGE.length}\r\n\r\n${MESSAGE}`,
    )
  }

  async connect(): Promise<void> {
    const socket: SocketHandler<undefined> = {
      data: (connection, chunk) => this.#answered(connection, chunk),
      error: (_, error) => this.finished.reject(error),
    }
    const connection = await Bun.connect({
      hostname: '127.0.0.1',
      port: this.#port,
      data: undefined,
      socket,
    })
    connection.write(this.#request)
  }

  /** Responses are small and come in one piece; anything else stops the benchmark. */
  #answered(connection: Socket<undefined>, chunk: Buffer): void {
    const whole = chunk.toString('latin1').startsWith('HTTP/1.1 200') && chunk.includes('\r\n\r\n')
    if (!whole) {
      this.finished.reject(new Error(`not a response to a push: ${chunk.toString('latin1')}`))
      return
    }
    this.requests++
    if (performance.now() < this.#until) {
      connection.write(this.#request)
      return
    }
    connection.terminate()
    if (--this.#busy === 0) this.finished.resolve()
  }
}
